"""A sweep: one scenario over seeds and over values of its keys, here or on other machines.

Not here: one run (runner.py), tables (cli/sweep.py).
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

from contract.errors import ConfigError
from sim.seeds.runner import Job, Row, Tell, perform

CASES_MAX: Final = 10_000
_OPENS: Final = {"[": "]", "{": "}"}


def cases(varied: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of `key=a,b,...`, as settings. Raises ConfigError."""
    choices = []
    for each in varied:
        key, sign, values = each.partition("=")
        found = split(values)
        if not sign or not key or not all(found):
            raise ConfigError(f"--vary {each!r:.80}: expected key=a,b, as in fleet.convoy=1,3")
        choices.append([f"{key}={value}" for value in found])
    all_of_them = list(itertools.islice(itertools.product(*choices), CASES_MAX + 1))
    if len(all_of_them) > CASES_MAX:
        raise ConfigError(f"--vary: more than {CASES_MAX} combinations")
    return all_of_them


def split(text: str) -> list[str]:
    """Values between commas; a comma within quotes or brackets is part of its value."""
    values, value, quote, closes = [], "", "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _OPENS:
            closes += _OPENS[letter]
        elif closes.endswith(letter):
            closes = closes[:-1]
        elif letter == "," and not closes:
            values.append(value.strip())
            value = ""
            continue
        value += letter
    return [*values, value.strip()]


def perform_elsewhere(jobs: Sequence[Job], scheduler: str, tell: Tell) -> Iterator[Row]:
    """Run all jobs on the workers of a dask scheduler, which have this package; rows as they end.

    Raises ConfigError where dask is not installed, or the scheduler is not heard.
    """
    client, as_completed = _client(scheduler)
    try:
        futures = client.map(perform, list(jobs), pure=False)
        for done, future in enumerate(as_completed(futures), start=1):
            yield future.result()
            tell(done, len(jobs))
    finally:
        client.close()


def _client(scheduler: str) -> tuple[Any, Any]:
    try:
        from distributed import Client, as_completed  # noqa: PLC0415 - optional
    except ImportError:
        raise ConfigError(
            f"--scheduler {scheduler}: dask is not installed; "
            "expected `pip install 'smart-corridor[sweep]'`, or --jobs"
        ) from None
    try:
        return Client(scheduler, timeout=10), as_completed
    except (OSError, ValueError) as error:
        raise ConfigError(f"--scheduler {scheduler}: {error}") from None
