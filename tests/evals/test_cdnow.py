"""The shipped extract is what its README says it is."""

from importlib.metadata import distribution
from pathlib import Path

import pytest

from evals.data.cdnow import chosen, read_extract, read_master
from evals.data.extract import extract_text

EXTRACT = Path(__file__).parents[2] / "evals" / "data" / "cdnow_extract.csv"


@pytest.fixture(scope="module")
def master() -> Path:
    return Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")))


def test_the_extract_is_made_by_the_command_its_readme_names(master: Path) -> None:
    assert extract_text(master) == EXTRACT.read_text(encoding="ascii")


def test_the_master_file_reads_whole_with_the_published_totals(master: Path) -> None:
    purchases = list(read_master(master))
    assert len(purchases) == 69_659
    assert len({p.customer_id for p in purchases}) == 23_570
    assert sum(p.cents for p in purchases) == 2_500_315_63


def test_the_extract_holds_every_purchase_of_three_hundred_customers(master: Path) -> None:
    extract = read_extract()
    people = {p.customer_id for p in extract}
    assert len(people) == 300
    assert extract == tuple(p for p in read_master(master) if p.customer_id in people)


def test_the_draw_does_not_depend_on_the_order_of_the_file() -> None:
    ids = [f"{n:05d}" for n in range(1000)]
    assert chosen(ids, 10) == chosen(reversed(ids), 10)


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("a b c\n1 2 3\n")
    with pytest.raises(ValueError, match=r"other\.txt: not the CDNOW master file"):
        list(read_master(other))
