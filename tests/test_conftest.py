"""What the tests rely on in the process they run in."""

import logging


def test_loggers_may_be_made_while_pytest_looks_through_them() -> None:
    for number, _ in enumerate(logging.Logger.manager.loggerDict.values()):
        logging.getLogger(f"tests.made_meanwhile.{number}")
