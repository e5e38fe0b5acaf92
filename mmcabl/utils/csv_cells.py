"""Text from strangers in a CSV file: a spreadsheet takes a cell that begins like a formula for one, and runs it."""

import csv
import io
from typing import Any, Dict, List, Sequence

#: A cell that begins so is a formula in Excel, LibreOffice or Google Sheets (OWASP, "CSV Injection").
FORMULA = ('=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠')


def safe_cell(value: Any) -> Any:
    """The value; text that begins like a formula gets an apostrophe in front, which spreadsheets do not show."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def csv_bytes(rows: Sequence[Dict[str, Any]], columns: List[str]) -> bytes:
    """UTF-8 with the mark that has Excel read it as such."""
    text = io.StringIO(newline='')
    writer = csv.DictWriter(text, columns, extrasaction='ignore')
    writer.writeheader()
    writer.writerows({key: safe_cell(row.get(key)) for key in columns} for row in rows)
    return b'\xef\xbb\xbf' + text.getvalue().encode(errors='backslashreplace')
