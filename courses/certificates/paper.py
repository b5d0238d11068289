"""A certificate as a PDF: A4 across, with a code that leads to its public page, in the active language."""

import importlib.util
import io
from pathlib import Path

import segno
from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fpdf import FPDF

from courses.models import Certificate

WIDTH, HEIGHT = 297, 210  # millimetres
INK, MUTED, PRIMARY, GROUND = (31, 41, 51), (90, 102, 114), (47, 93, 98), (251, 250, 247)
QR_SIDE = 30


def fonts_folder() -> Path:
    """DejaVu, which comes with matplotlib: it has Latin, Cyrillic, Greek and Arabic letters."""
    matplotlib = importlib.util.find_spec("matplotlib")
    return Path(matplotlib.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"


def as_pdf(certificate: Certificate, *, address: str) -> bytes:
    """`address` is that of the public page which says whether it holds."""
    pdf = FPDF(orientation="landscape", format="A4")
    pdf.set_title(f"{certificate.title}: {certificate.name}")
    pdf.set_author("Attune")
    pdf.set_lang(get_language())
    pdf.set_creation_date(certificate.issued_at)
    fonts = fonts_folder()
    pdf.add_font("serif", "", fonts / "DejaVuSerif.ttf")
    pdf.add_font("serif", "B", fonts / "DejaVuSerif-Bold.ttf")
    pdf.add_font("sans", "", fonts / "DejaVuSans.ttf")
    # Arabic letters have to be joined and set from right to left; the serif face has none of them.
    pdf.set_fallback_fonts(["sans"], exact_match=False)
    pdf.set_text_shaping(True)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    pdf.set_fill_color(*GROUND)
    pdf.rect(0, 0, WIDTH, HEIGHT, style="F")
    pdf.set_draw_color(*PRIMARY)
    pdf.set_line_width(0.8)
    pdf.rect(12, 12, WIDTH - 24, HEIGHT - 24)
    pdf.set_line_width(0.2)
    pdf.rect(15, 15, WIDTH - 30, HEIGHT - 30)

    _line(pdf, 40, _("Certificate of completion"), "sans", 13, MUTED)
    _line(pdf, 62, certificate.name, "serif", 34, INK, style="B")
    _line(pdf, 88, _("has completed the course"), "sans", 13, MUTED)
    _line(pdf, 102, certificate.title, "serif", 24, PRIMARY, style="B")
    detail = [certificate.words] if certificate.words else []
    if certificate.percent is not None:
        detail.append(_("Final grade %(percent)s%%") % {"percent": formats.localize(certificate.percent)})
    for number, words in enumerate(detail):  # a line each: they may run in different directions
        _line(pdf, 122 + 9 * number, words, "sans", 12, MUTED)

    day = formats.date_format(timezone.localtime(certificate.issued_at), "DATE_FORMAT")
    pdf.set_text_color(*INK)
    pdf.set_font("sans", size=12)
    pdf.set_xy(30, 158)
    pdf.cell(90, 7, day)
    if certificate.signatory:
        pdf.set_draw_color(*MUTED)
        pdf.line(110, 166, 190, 166)
        pdf.set_xy(110, 168)
        pdf.cell(80, 7, certificate.signatory, align="C")
    pdf.set_text_color(*MUTED)
    pdf.set_font("sans", size=9)
    pdf.set_xy(30, 176)
    pdf.cell(90, 5, _("Code %(code)s") % {"code": certificate.code})
    pdf.set_xy(30, 181)
    pdf.cell(160, 5, address, link=address)

    pdf.image(qr_code(address), WIDTH - 30 - QR_SIDE, 156, QR_SIDE, QR_SIDE, alt_text=_("Leads to the public page"))
    return bytes(pdf.output())


def qr_code(address: str) -> io.BytesIO:
    """A PNG that cameras read as the address."""
    picture = io.BytesIO()
    segno.make(address, error="m").save(picture, kind="png", scale=12, border=4, dark="#1f2933", light="#fbfaf7")
    picture.seek(0)
    return picture


def _line(pdf: FPDF, y: float, text: str, face: str, size: int, colour, style: str = "") -> None:
    """One centred line, set smaller where it would not fit."""
    pdf.set_text_color(*colour)
    pdf.set_font(face, style, size)
    while size > 9 and pdf.get_string_width(text) > WIDTH - 70:
        size -= 1
        pdf.set_font(face, style, size)
    pdf.set_xy(25, y)
    pdf.cell(WIDTH - 50, size * 0.45, text, align="C")
