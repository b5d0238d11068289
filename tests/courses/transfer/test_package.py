"""Common Cartridge and SCORM packages become draft courses; what they would run is left out and said."""

import pytest

from courses.markdown import render
from courses.models import Block, Course
from courses.transfer import services
from courses.transfer.fields import NotACourse
from tests.courses.transfer.test_transfer import PNG, make_zip

pytestmark = pytest.mark.django_db

CARTRIDGE = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
 xmlns:lomimscc="http://ltsc.ieee.org/xsd/imsccv1p1/LOM/manifest">
 <metadata><schema>IMS Common Cartridge</schema><schemaversion>1.1.0</schemaversion>
  <lomimscc:lom><lomimscc:general><lomimscc:title><lomimscc:string>Bread &amp; salt</lomimscc:string></lomimscc:title>
  </lomimscc:general></lomimscc:lom></metadata>
 <organizations><organization identifier="o" structure="rooted-hierarchy"><item identifier="root">
  <item identifier="a"><title>First days</title>
   <item identifier="a1" identifierref="page"><title>The oven</title></item>
   <item identifier="a2" identifierref="link"><title>A [video]</title></item>
   <item identifier="a3"><title>Later</title>
     <item identifier="a31" identifierref="topic"><title>Talk</title></item>
     <item identifier="a32" identifierref="pdf"><title>Recipe</title></item></item>
   <item identifier="a4" identifierref="quiz"><title>Test 1</title></item>
   <item identifier="a5"><title>Only words</title></item>
  </item>
  <item identifier="b" identifierref="photo"><title>A loaf</title></item>
 </item></organization></organizations>
 <resources>
  <resource identifier="page" type="webcontent" href="pages/oven.html"><file href="pages/oven.html"/></resource>
  <resource identifier="link" type="imswl_xmlv1p1"><file href="link.xml"/></resource>
  <resource identifier="topic" type="imsdt_xmlv1p1"><file href="topic.xml"/></resource>
  <resource identifier="pdf" type="webcontent" href="web_resources/re%20cipe.pdf"/>
  <resource identifier="photo" type="webcontent" href="web_resources/loaf.png"/>
  <resource identifier="quiz" type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="quiz.xml"/></resource>
 </resources>
</manifest>"""
OVEN = """<html><head><title>x</title><style>p{}</style></head><body><h1>The oven</h1><p>Hot, <b>very</b> hot.</p>
<script>steal()</script><p>See <img alt="A loaf" src="$IMS-CC-FILEBASE$/loaf.png"> and
<a href="%24IMS-CC-FILEBASE%24/re%20cipe.pdf?canvas_download=1">the recipe</a>.</p><p><img src="draw.svg"></p>
<h2>Fire</h2><ul><li>wood</li></ul><table><tr><th>Heat</th></tr><tr><td>250</td></tr></table>
<form><p>In a form.</p><input name="steal()"></form><a href="two.html#x">page two</a>
<a href="javascript:alert(1)">no</a></body></html>"""
FILES = {
    "imsmanifest.xml": CARTRIDGE,
    "pages/oven.html": OVEN,
    "pages/two.html": "two",
    "pages/draw.svg": "<svg/>",
    "link.xml": '<webLink xmlns="http://x"><title>v</title><url href="https://example.org/v?a=1"/></webLink>',
    "topic.xml": '<topic xmlns="http://x"><text texttype="text/html">&lt;p&gt;Why?&lt;/p&gt;</text></topic>',
    "web_resources/re cipe.pdf": "%PDF-1.4",
    "web_resources/loaf.png": PNG,
    "quiz.xml": "<questestinterop/>",
}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def take_in(ines, entries):
    return services.import_course(teacher=ines, file=make_zip(entries))


def rows(lesson) -> list[tuple[str, str]]:
    return [(block.kind, block.title) for block in lesson.blocks.order_by("position")]


def test_a_cartridge_is_a_course(ines):
    imported = take_in(ines, FILES)
    course = imported.course
    assert (course.title, course.status) == ("Bread & salt", "draft")
    assert [m.title for m in course.modules.all()] == ["First days", "Bread & salt"]
    oven, video, later, test, words = course.modules.first().lessons.all()
    assert [(x.title, x.blocks.count()) for x in (test, words)] == [("Test 1", 0), ("Only words", 0)]
    assert rows(oven) == [
        ("text", "The oven"), ("image", "A loaf"), ("text", "The oven"), ("file", "the recipe"), ("file", "draw.svg"),
        ("text", "Fire"),
    ]  # fmt: skip
    assert rows(later) == [("text", "Talk"), ("file", "Recipe")] and later.blocks.first().body == "Why?"
    assert video.blocks.get().body == "[A (video)](<https://example.org/v?a=1>)"
    assert rows(course.modules.last().lessons.get()) == [("image", "A loaf")]
    assert oven.blocks.first().body.startswith("Hot, **very** hot.")
    fire = oven.blocks.last().body
    assert "- wood" in fire and "| 250 |" in fire
    assert "In a form." in fire and "page two" in fire and "](two" not in fire
    said = "\n".join(imported.left_out)
    assert all(
        words in said
        for words in ("“Test 1”: a test", "“Only words” came as an empty", "scripts", "draw.svg", "discussion")
    )
    assert len(imported.left_out) == 7


def test_nothing_that_runs_comes_in(ines):
    take_in(ines, FILES)
    page = "".join(render(block.body) for block in Block.objects.filter(kind="text"))
    assert "<strong>very</strong>" in page
    assert not [word for word in ("steal", "<script", "javascript:") if word in page]


SCORM = """<manifest xml:base="safe/" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
 <organizations default="second"><organization identifier="first"><title>Not this</title></organization>
 <organization identifier="second"><title>Safety</title>
  <item identifier="i1" identifierref="r1" isvisible="true"><title>Intro</title></item>
  <item identifier="i2"><title>Fire</title>
   <item identifier="i3" identifierref="r2" isvisible="false"><title>Exits</title>
    <adlcp:masteryscore>80</adlcp:masteryscore></item></item>
  <item identifier="i4" identifierref="gone"><title>Gone</title></item></organization></organizations>
 <resources xml:base="sco/"><resource identifier="r1" type="webcontent" adlcp:scormtype="sco" href="a.html?x=1"/>
  <resource identifier="r2" type="webcontent" adlcp:scormtype="asset" href="b.html"/></resources></manifest>"""


def test_a_scorm_package_in_a_folder_is_a_course(ines):
    page = "<body><p>Hello.</p><script src='api.js'></script></body>"
    imported = take_in(
        ines,
        {
            "safety/imsmanifest.xml": SCORM,
            "safety/safe/sco/a.html": page,
            "safety/safe/sco/b.html": "<p>Out.",
            "a/x.md": "x",
        },
    )
    modules = imported.course.modules.all()
    assert [(m.title, [x.title for x in m.lessons.all()]) for m in modules] == [
        ("Safety", ["Intro"]),
        ("Fire", ["Exits"]),
        ("Safety", ["Gone"]),
    ]
    assert modules[0].lessons.get().blocks.get().body == "Hello."
    said = "\n".join(imported.left_out)
    assert "“Intro”: what runs" in said and "“Exits”: it was hidden" in said and "“Gone”" in said


BAD = {
    "no xml": ("<manifest", "not XML"),
    "bomb": ('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><manifest>&b;</manifest>', "not XML"),
    "outside entity": ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><manifest>&a;</manifest>', "not XML"),
    "encoding": ('<?xml version="1.0" encoding="none"?><manifest/>', "not XML"),
    "no order": ("<manifest><resources/></manifest>", "no order"),
    "deep": (
        "<manifest><organizations><organization>"
        f"{'<item>' * 5000}{'</item>' * 5000}</organization></organizations></manifest>",
        "too deeply",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_manifest_is_refused_in_a_sentence(ines, name):
    manifest, words = BAD[name]
    with pytest.raises(NotACourse, match=words):
        take_in(ines, {"imsmanifest.xml": manifest})
    assert not Course.objects.exists()


def test_a_page_nested_beyond_reason_is_refused(ines):
    with pytest.raises(NotACourse, match="too deeply"):
        take_in(ines, {**FILES, "pages/oven.html": "<div>" * 20_000 + "x"})


def test_a_resource_outside_the_package_is_not_read(ines):
    imported = take_in(ines, {**FILES, "imsmanifest.xml": CARTRIDGE.replace("pages/oven.html", "../../etc/passwd")})
    assert any("“The oven”: its file" in line for line in imported.left_out)
