"""Tables as a reader of them has them: of a page, and of a CSV file."""

import csv
import io
import re

from django.utils.html import strip_tags


def read_csv(response) -> list[list[str]]:
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def read_table(response, number: int = 0) -> list[list[str]]:
    """The words of the cells, row by row, of one of the page's tables."""
    table = response.content.decode().split("<table")[number + 1].partition("</table>")[0]
    cells = (re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", table, re.S))
    return [[" ".join(strip_tags(cell).split()) for cell in row] for row in cells]
