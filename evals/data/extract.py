"""Makes `cdnow_extract.csv` from the published master file: `python -m evals.data.extract FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from evals.data.cdnow import MASTER_COLUMNS, Purchase, chosen, read_master


def extract_text(master: Path) -> str:
    """The extract as CSV text: all purchases of the chosen customers, in the file's order."""
    purchases = list(read_master(master))
    people = chosen(purchase.customer_id for purchase in purchases)
    rows = [_row(purchase) for purchase in purchases if purchase.customer_id in people]
    return "\n".join([",".join(MASTER_COLUMNS), *rows]) + "\n"


def _row(purchase: Purchase) -> str:
    dollars, cents = divmod(purchase.cents, 100)
    return f"{purchase.customer_id},{purchase.day:%Y%m%d},{purchase.cds},{dollars}.{cents:02d}"


def main(arguments: list[str]) -> int:
    """Writes the extract beside this module; returns the exit code."""
    if len(arguments) != 1:
        print("usage: python -m evals.data.extract CDNOW_master.txt", file=sys.stderr)
        return 2
    target = Path(__file__).with_name("cdnow_extract.csv")
    text = extract_text(Path(arguments[0]))
    target.write_text(text, encoding="ascii", newline="\n")
    print(f"{target.name}: {text.count(chr(10)) - 1} purchases")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
