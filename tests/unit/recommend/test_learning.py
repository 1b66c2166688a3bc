"""What is learned of the logs: once, in order, after crashes, damage and another store."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from recommend_hosts import Shop, names, part, shop

from builtin_plugins.recommend import learning
from builtin_plugins.recommend.model import Model
from builtin_plugins.recommend.people import COUNTED, KEPT, People, Use
from hyperhost.contracts import LogWrite, RecommendRequest
from hyperhost.errors import ConfigError, RefusalError


def together(made: Shop, who: str = "out") -> float:
    """How much ``log`` goes with ``auth`` by what people use."""
    found = {each["artifact"]: each for each in made.ask(who, artifact="org.acme/auth")}
    return float(part(found["org.acme/log"], "collaborative")["value"])


def stocked(made: Shop) -> Shop:
    for name in ("auth", "log", "db"):
        made.put(name)
    return made


def model_of(home: Path) -> Path:
    return home / "data" / "recommend" / "model.db"


def logged(made: Shop) -> str:
    return "\n".join(line.message for line in made.host.state.logs("recommend"))


def test_a_new_process_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    with shop(tmp_path) as made:
        stocked(made).crowd("auth", "log")
        assert together(made) == 0.5
        before = made.state
    with shop(tmp_path) as made:
        assert made.state.uses >= before.uses
        assert logged(made).count("anew") == 1
        made.crowd("auth", "log", prefix="v")
        assert together(made) == pytest.approx(6 / 9, abs=1e-4)
        assert logged(made).count("anew") == 1, "when there was nothing yet"


def test_a_failure_in_the_middle_of_a_step_neither_loses_nor_doubles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path) as made:
        stocked(made).crowd("auth", "log")
        whole = People.learn

        def breaks(self: People, uses: Any) -> None:
            whole(self, uses)
            raise RefusalError("the power is gone", "storage.lost")

        monkeypatch.setattr(People, "learn", breaks)
        with pytest.raises(RefusalError):
            made.host.hook.recommend_status()
        monkeypatch.undo()
        assert together(made) == 0.5
        assert made.state.behind == 0


def test_two_processes_learn_each_event_once(tmp_path: Path) -> None:
    with shop(tmp_path) as one, shop(tmp_path) as other:
        stocked(one).crowd("auth", "log")
        assert together(one) == together(other) == 0.5
        other.crowd("auth", "log", prefix="v")
        assert together(one) == together(other) == pytest.approx(6 / 9, abs=1e-4)


def test_more_events_than_a_question_learns_are_said_and_learned_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning, "_STEP", 4)
    monkeypatch.setattr(learning.Learner.catch_up, "__defaults__", (2,))
    with shop() as made:
        stocked(made).crowd("auth", "log", count=6)
        behind = made.of("out", "user").run("recommend")["behind"]
        assert behind > 0
        while made.state.behind:
            behind -= 1
            assert behind >= 0
        assert together(made) == pytest.approx(6 / 9, abs=1e-4)


def test_a_restored_backup_is_learned_anew(tmp_path: Path) -> None:
    with shop(tmp_path / "home") as made:
        stocked(made).crowd("auth", "log")
        made.owner.run("backup", directory=str(tmp_path / "backups"))
        [backup] = made.owner.run("backup_list", directory=str(tmp_path / "backups"))
        made.put("late")
        made.crowd("auth", "log", prefix="v")
        assert together(made) > 0.5
        made.owner.run("backup_restore", path=backup["path"], force=True)
        assert together(made) == 0.5
        assert "late" not in names(made.ask())


def test_a_model_of_another_store_is_learned_anew(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with shop(one) as made:
        stocked(made).crowd("auth", "log")
        assert together(made) == 0.5
    with shop(other) as made:
        stocked(made)
        assert together(made) == 0
    shutil.copytree(one / "data" / "recommend", other / "data" / "recommend", dirs_exist_ok=True)
    with shop(other) as made:
        assert together(made) == 0
        assert "another store" in logged(made) or "another audit log" in logged(made)


@pytest.mark.parametrize("how", ["noise", "cut off", "a directory", "no tables", "other format", "a place"])
def test_a_damaged_file_is_learned_anew_and_that_is_said(tmp_path: Path, how: str) -> None:
    with shop(tmp_path) as made:
        stocked(made).crowd("auth", "log")
        assert together(made) == 0.5
    file = model_of(tmp_path)
    data = file.read_bytes()
    if how == "noise":
        file.write_bytes(b"\x93" * len(data))
    elif how == "cut off":
        file.write_bytes(data[: len(data) // 3])
    elif how == "a directory":
        file.unlink()
        file.mkdir()
    else:
        connection = sqlite3.connect(file)
        statement = {
            "no tables": "DROP TABLE pairs",
            "other format": "PRAGMA user_version = 99",
            "a place": "UPDATE meta SET value = '{]' WHERE name = 'reached'",
        }[how]
        connection.execute(statement)
        connection.commit()
        connection.close()
    with shop(tmp_path) as made:
        assert together(made) == 0.5
        assert "damaged and learned anew" in logged(made)


def test_a_deleted_artifact_is_forgotten_and_a_new_one_of_its_name_is_known(tmp_path: Path) -> None:
    with shop(tmp_path) as made:
        stocked(made).crowd("auth", "log")
        made.owner.run("archive", artifact="org.acme/log")
        made.owner.run("delete", artifact="org.acme/log@1.0.0")
        assert "log" not in names(made.ask(artifact="org.acme/auth"))
        made.put("log", version="2.0.0")
        assert "log" in names(made.ask(artifact="org.acme/auth"))


def test_a_low_rating_is_no_use_and_refused_downloads_are_none() -> None:
    with shop() as made:
        stocked(made)
        for number in range(3):
            who = made.of(f"u{number}", "contributor", "maintainer")
            who.run("rate", artifact="org.acme/auth", stars=5)
            who.run("rate", artifact="org.acme/log", stars=1)
        assert together(made) == 0
        for number in range(3):
            made.of(f"u{number}", "contributor", "maintainer").run("rate", artifact="org.acme/log", stars=3)
        assert together(made) == 0.5


def test_learning_can_be_switched_off_and_what_was_learned_is_forgotten(tmp_path: Path) -> None:
    with shop(tmp_path) as made:
        stocked(made).crowd("auth", "log")
        assert (together(made), made.state.people) == (0.5, 4)
    with shop(tmp_path, learn=False) as made:
        assert together(made) == 0
        state = made.state
        assert (state.people, state.uses, state.pairs, state.learns) == (0, 0, 0, False)
        assert made.ask()[0]["popularity"] > 0, "downloads count for what is popular all the same"
    with shop(tmp_path, learn=True) as made:
        assert together(made) == 0.5


def test_a_wrong_configuration_is_said_by_whoever_is_asked(tmp_path: Path) -> None:
    with shop(tmp_path, weights={"content": float("nan")}) as made, pytest.raises(ConfigError):
        made.host.hook.recommend_artifacts(principal=made.of("a").principal, request=RecommendRequest())


def learned(*uses: Use) -> tuple[Model, People]:
    model = Model(None)
    people = People(model)
    with model.writing():
        people.learn(uses)
    return model, people


def naive(uses: dict[str, list[str]]) -> dict[tuple[str, str], int]:
    """How many people have used both, of the latest of each."""
    found: dict[tuple[str, str], int] = {}
    for names_ in uses.values():
        mine = list(dict.fromkeys(reversed(names_)))[:COUNTED]
        for one in mine:
            for other in mine:
                if one != other:
                    found[one, other] = found.get((one, other), 0) + 1
    return found


def test_pairs_are_what_counting_everybody_gives_however_events_are_divided() -> None:
    import random

    chance = random.Random(7)
    model, people = learned()
    history: dict[str, list[str]] = {}
    at = 0
    for _ in range(30):
        batch = []
        for _ in range(chance.randrange(1, 40)):
            at += 1
            person, name = f"p{chance.randrange(4)}", f"n/a{chance.randrange(150)}"
            history.setdefault(person, []).append(name)
            batch.append(Use(person, name, at))
        with model.writing():
            people.learn(batch)
    rows = model.sql.execute(
        "SELECT a.name, b.name, pairs.people FROM pairs JOIN items a ON a.number = one >> 1"
        " JOIN items b ON b.number = other >> 1"
    )
    assert {(one, other): count for one, other, count in rows} == naive(history)
    model.close()


def test_one_person_counts_once_for_a_pair_and_not_without_end() -> None:
    model, people = learned(*(Use("mallory", f"n/a{number % 5}", number) for number in range(10_000)))
    assert model.count("pairs") == 5 * 4
    assert people.together("n/a0", least=2) == {}
    assert people.together("n/a0", least=1)["n/a1"] == pytest.approx(1 / 4)
    for start in range(0, 10_000, 1_000):
        with model.writing():
            people.learn(
                Use("mallory", f"n/b{number}", 20_000 + number) for number in range(start, start + 1_000)
            )
    assert model.count("uses") == KEPT
    assert model.count("pairs") == COUNTED * (COUNTED - 1)
    assert people.together("n/a0", least=1) == {}, "what fell out does not count any more"
    model.close()


def test_entries_that_are_none_are_passed_over() -> None:
    with shop() as made:
        stocked(made).crowd("auth", "log")
        assert together(made) == 0.5
        broken = [
            '{"operation":"download"',
            '"operation":"download"',
            '{"entry":{"operation":"download"},"hash":""}',
            '{"entry":{"operation":"download","actor":3,"success":true,"target":[],"details":0}}',
        ]
        made.host.hook.storage_append_logs(log="audit", items=[LogWrite(each, 1) for each in broken])
        assert together(made) == 0.5
        assert made.state.behind == 0
