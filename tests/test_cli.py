"""The command, as a person at a shell uses it: real processes, real folders, plain errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import cli
from evals.flat_pack import flat_commerce
from tests.policies.packs import without_promises
from tests.source import ROOT

DEMO_LIMIT = 240


def usher(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USHER_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=DEMO_LIMIT,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `usher demo --once` printed, and the folder it left."""
    folder = tmp_path_factory.mktemp("demo")
    done = usher("demo", "--once", cwd=folder)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout, folder


def story(demo: tuple[str, Path], name: str) -> str:
    found = re.search(rf"^story: {name} (dec_\w+)$", demo[0], flags=re.M)
    assert found, f"no line of the story {name}"
    return found[1]


def explained(demo: tuple[str, Path], name: str) -> str:
    """The explanation of a story's decision, asked for afterwards and without a server."""
    done = usher("explain", story(demo, name), "--data", ".usher/demo", cwd=demo[1])
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(DEMO_LIMIT)
def test_the_demo_tells_eight_stories_and_ends_with_a_summary(demo: tuple[str, Path]) -> None:
    assert len(re.findall(r"^story: \w+ dec_\w+$", demo[0], flags=re.M)) == 8
    assert re.search(r"^\d+ decisions from [\d,]+ events in \d+ s", demo[0], flags=re.M)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("recovered_without_discount", r"e-mail without a discount was written"),
        ("discount_capped_by_margin", r"e-mail with 8 % off[\s\S]*15 % margin must be left"),
        ("deferred_by_quiet_hours", r"e-mail without a discount was written"),
        ("refused_by_weekly_cap", r"more than 3 marketing contacts in 7 days"),
        ("withheld_for_suppression", r"Nothing was done and nothing of this person was read"),
        ("waiting_for_approval", r"waits for a signature|nobody answered in time"),
        ("changed_by_purchase", r"did not go out"),
        ("unprogrammed_event", r"Moved Abroad"),
    ],
)
@pytest.mark.timeout(DEMO_LIMIT)
def test_a_story_is_explained_in_words(demo: tuple[str, Path], name: str, says: str) -> None:
    assert re.search(says, explained(demo, name))


@pytest.mark.timeout(DEMO_LIMIT)
def test_p8_a_story_replays_to_the_same_verdicts(demo: tuple[str, Path]) -> None:
    decision = story(demo, "discount_capped_by_margin")
    done = usher("replay", decision, "--data", ".usher/demo", cwd=demo[1])
    assert done.returncode == 0
    assert "the same verdicts" in done.stdout


@pytest.mark.timeout(DEMO_LIMIT)
def test_every_message_of_the_demo_lies_in_the_outbox(demo: tuple[str, Path]) -> None:
    listed = usher("outbox", "list", "--data", ".usher/demo", cwd=demo[1])
    effects = re.findall(r"eff_\w+", listed.stdout)
    assert len(effects) >= 40
    shown = usher("outbox", "show", effects[0], "--data", ".usher/demo", cwd=demo[1])
    assert "Subject:" in shown.stdout
    assert "List-Unsubscribe" in shown.stdout or "unsubscribe" in shown.stdout.lower()


@pytest.mark.timeout(DEMO_LIMIT)
def test_p8_the_demos_journal_verifies(demo: tuple[str, Path]) -> None:
    done = usher("audit", "verify", "--data", ".usher/demo", cwd=demo[1])
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_is_taken_once_and_bad_rows_are_told(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(
        "user_id,email,timezone\nu1,a@example.com,Europe/Berlin\nu2,b@example.com,Mars/1\n"
    )
    first = usher("import", "customers.csv", "--data", "d", cwd=tmp_path)
    again = usher("import", "customers.csv", "--data", "d", cwd=tmp_path)
    assert first.returncode == again.returncode == 0, first.stderr
    assert "2 rows in this run, 1 taken, 1 set aside" in first.stdout
    assert re.search(r"line 3: timezone .*IANA", first.stdout)
    assert "2 rows had been dealt with before" in again.stdout


def test_a_broken_pack_is_told_with_file_line_and_column(tmp_path: Path) -> None:
    text = flat_commerce().replace("because:", "becuase:", 1)
    (tmp_path / "mine.yaml").write_text(text)
    done = usher("policy", "check", "mine.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(r"^mine\.yaml:\d+:\d+: .*'becuase'.*did you mean 'because'", done.stdout, re.M)


def test_what_a_pack_stands_on_is_found_beside_it_and_among_the_shipped_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "shop.yaml").write_text("policy: shop\nversion: 1\nextends: commerce\n")
    (tmp_path / "club.yaml").write_text("policy: club\nversion: 1\nextends: shop\n")
    done = usher("policy", "check", "club.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    (tmp_path / "lost.yaml").write_text("policy: lost\nversion: 1\nextends: shp\n")
    done = usher("policy", "check", "lost.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no pack 'shp' to build on; did you mean 'shop'?" in done.stdout


def test_the_shipped_pack_is_in_order(tmp_path: Path) -> None:
    done = usher("policy", "check", str(ROOT / "policies" / "commerce.yaml"), cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(DEMO_LIMIT)
def test_a_draft_is_shadowed_with_people_rules_and_limits(demo: tuple[str, Path]) -> None:
    _, folder = demo
    text = flat_commerce()
    assert "max: 3, window" in text
    (folder / "draft.yaml").write_text(text.replace("max: 3, window", "max: 1, window"))
    asked = ("policy", "shadow", "draft.yaml", "--since", "30d", "--data", ".usher/demo")
    done = usher(*asked, cwd=folder)
    assert done.returncode == 0, done.stderr
    said = r"^\d+ (person|people) would have been affected in the last 30 days"
    assert re.search(said, done.stdout, re.M)
    for words in ("newly refused", "weekly", "in the draft", "What this cannot say", "dec_"):
        assert words in done.stdout
    told = json.loads(usher(*asked, "--json", cwd=folder).stdout)
    assert told["changed"]["people"] == len(told["people"]["items"]) > 0
    assert [rule["rule"] for rule in told["rules"]] == ["weekly"]


def test_a_draft_that_is_broken_or_not_there_is_one_plain_line(tmp_path: Path) -> None:
    done = usher("policy", "shadow", "nothing.yaml", "--data", "d", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"usher: nothing\.yaml cannot be read: .*\n", done.stderr)
    (tmp_path / "mine.yaml").write_text("policy: commerce\n")
    done = usher("policy", "shadow", "mine.yaml", "--data", "d", cwd=tmp_path)
    assert done.returncode == 2
    assert "mine.yaml:1:1: the pack lacks" in done.stderr
    assert "Traceback" not in done.stderr


def test_warnings_and_proofs_of_a_pack_are_told_and_its_code_is_of_the_errors(
    tmp_path: Path,
) -> None:
    shipped = without_promises(flat_commerce())
    dead = "  - {id: dead, never_when: action.discount_bp > 3000, because: Hm}\nsoft:\n"
    kept = "\ninvariants:\n  - {id: word, when: customer.suppressed, at_least: deny, because: So}\n"
    text = shipped.replace("soft:\n", dead, 1) + kept
    (tmp_path / "mine.yaml").write_text(text)
    done = usher("policy", "check", "mine.yaml", "--answers", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^mine\.yaml:\d+:10: warning: dead is redundant: max_dis", done.stdout, re.M)
    assert "proved: word: So" in done.stdout and "is in order, 1 warning" in done.stdout
    assert re.search(r"suppression .* autonomous .* allow, deny", done.stdout)
    (tmp_path / "mine.yaml").write_text(
        text.replace("customer.suppressed, at", "action.offer_valid, at")
    )
    done = usher("policy", "check", "mine.yaml", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["findings"][0]["severity"] == "error"


def test_two_packs_are_compared_with_an_example_of_each_change(tmp_path: Path) -> None:
    shipped = ROOT / "policies" / "commerce.yaml"
    text = shipped.read_text().replace(
        "{value: 1500, stricter: higher}", "{value: 1000, stricter: higher}"
    )
    (tmp_path / "mine.yaml").write_text(text)
    done = usher("policy", "diff", str(shipped), "mine.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "margin_floor: NEWLY ALLOWED, was denied, e.g. the discount: 0.01 %" in done.stdout
    same = usher("policy", "diff", "mine.yaml", "mine.yaml", cwd=tmp_path)
    assert same.stdout == "no answer changes, whatever the facts\n"
    told = json.loads(
        usher("policy", "diff", str(shipped), "mine.yaml", "--json", cwd=tmp_path).stdout
    )
    assert told["answers"][0]["rules"] == ["margin_floor"]
    (tmp_path / "mine.yaml").write_text("policy: x\n")
    done = usher("policy", "diff", str(shipped), "mine.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "mine.yaml:1:1:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (("explain", "dec_nothing"), {}, "Not found: there is no decision dec_nothing"),
        (("outbox", "show", "eff_1"), {}, "holds no data of usher"),
        (("import", "nothing.csv"), {}, "nothing.csv"),
        (("serve",), {"USHER_CLOCK": "yesterday"}, "setting clock"),
        (("serve",), {"USHER_MASTER_KEY": "short"}, "USHER_MASTER_KEY must hold 32 bytes"),
    ],
)
def test_what_goes_wrong_is_one_plain_line(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    done = usher(*arguments, cwd=tmp_path, **environment)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_is_documented_and_has_an_example() -> None:
    documented = (ROOT / "docs" / "commands.md").read_text()
    for path, command in commands():
        assert f"usher {path}" in documented, path
        assert command.help, path


def commands() -> list[tuple[str, object]]:
    root = get_command(cli.app)
    found = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            found.append((name, command))
        else:
            found += [(f"{name} {sub}", c) for sub, c in inner.items()]
    return found


def test_p10_an_erasure_is_proved_at_the_shell_and_what_is_left_is_named(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("user_id,email\nlovelace,ada.lovelace@example.com\n")
    at = ("--data", "d")
    assert usher("import", "customers.csv", *at, cwd=tmp_path).returncode == 0
    before = usher("erase", "--prove", "ada.lovelace@example.com", *at, cwd=tmp_path)
    assert before.returncode == 1
    assert "not clean: this person is not erased" in before.stdout.splitlines()[-1]
    assert usher("erase", "lovelace", "--yes", *at, cwd=tmp_path).returncode == 0
    clean = usher("erase", "--prove", "ada.lovelace@example.com", *at, cwd=tmp_path)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert clean.stdout.splitlines()[-1] == "clean: nothing of this person is left"
    (tmp_path / "d" / "export.csv").write_text("name,mail\nAda,ADA.LOVELACE@example.com\n")
    left = usher("erase", "ada.lovelace@example.com", "--prove", *at, cwd=tmp_path)
    assert left.returncode == 1
    assert "found: export.csv, byte 14 (UTF-8)" in left.stdout
    assert left.stdout.splitlines()[-1] == "not clean: 1 place"
    assert usher("erase", "--prove", "nobody@example.com", *at, cwd=tmp_path).returncode == 2
