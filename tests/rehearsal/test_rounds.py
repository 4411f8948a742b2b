"""What the rehearsal is told of the example is all that the example has."""

from __future__ import annotations

from inferform import load
from tests.e2e.test_faults import FAULTS

from .__main__ import ADOPTS, ENDS, PROTECTED, ROUNDS
from .place import CHURN, PLATFORM


def test_every_environment_is_deployed_in_one_round() -> None:
    known = load(PLATFORM / "environments").environments
    assert sorted(key for each in ROUNDS for key in each.keys) == sorted(known)


def test_every_fault_strikes_once_and_an_environment_of_its_round() -> None:
    rounds = (*ROUNDS, *ENDS)
    assert sorted(each.strike.fault for each in rounds) == sorted(FAULTS)
    assert all(each.strike.key in each.keys for each in rounds)


def test_what_stays_is_what_is_protected() -> None:
    known = load(PLATFORM / "environments").environments
    ended = {key for each in (*ROUNDS[:2], *ENDS) for key in each.keys}
    assert {key for key in known if key not in ended} == {
        key for key, each in known.items() if each.context.protected
    }
    assert known[PROTECTED].context.protected


def test_the_old_endpoint_is_the_one_that_the_example_has() -> None:
    assert load(PLATFORM / "environments").environments[ADOPTS].context.endpoint("churn") == CHURN
