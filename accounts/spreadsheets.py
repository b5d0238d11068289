"""What a spreadsheet makes of a cell."""

# A cell that begins so is a formula to it, whoever wrote it: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cell: object) -> object:
    """A cell for a CSV file that is text in a spreadsheet too. Numbers stay what they are."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA_STARTS) else cell
