"""Progress and tables as a person or a log reads them."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

from orchestration.reporting import LineReporter, format_table, format_value, reporter_for


def test_a_log_gets_plain_lines_and_one_line_per_quarter_of_a_long_step() -> None:
    stream = io.StringIO()
    reporter = reporter_for(stream)
    assert isinstance(reporter, LineReporter)
    reporter.note("Building")
    for done in range(1, 101):
        reporter.progress("model", done, 100)
    reporter.warn("old feed")
    reporter.close()
    texts = [line[9:] for line in stream.getvalue().splitlines()]
    assert texts == [
        "Building",
        "  25 of 100",
        "  50 of 100",
        "  75 of 100",
        "  100 of 100",
        "WARNING: old feed",
    ]
    assert "\x1b" not in stream.getvalue()


def test_progress_without_a_known_total_says_nothing() -> None:
    stream = io.StringIO()
    LineReporter(stream).progress("model", 1, 0)
    assert stream.getvalue() == ""


def test_a_terminal_gets_a_live_reporter() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    reporter = reporter_for(stream)
    reporter.note("Loading [billing]")
    reporter.progress("int_runs", 3, 10)
    reporter.close()
    assert "Loading [billing]" in stream.getvalue()


def test_values_keep_every_digit() -> None:
    assert format_value(Decimal("0.0000")) == "0.0000"
    assert format_value(Decimal("1E+3")) == "1000"
    assert format_value(Decimal("12345678901234567890.1234")) == "12345678901234567890.1234"
    assert format_value(date(2024, 2, 29)) == "2024-02-29"
    assert format_value(datetime(2024, 2, 29, 1, 2, 3)) == "2024-02-29 01:02:03"  # noqa: DTZ001
    assert format_value(None) == "NULL"
    assert format_value(True) == "true"


def test_a_table_aligns_numbers_right_and_cuts_long_cells() -> None:
    table = format_table(
        ["name", "amount"], [["a", Decimal("1.50")], ["b" * 20, Decimal("-12.00")]], cell_width=8
    )
    assert table.splitlines() == [
        "name      amount",
        "--------  ------",
        "a           1.50",
        "bbbbbbb…  -12.00",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert format_table(["a", "bc"], []).splitlines() == ["a  bc", "-  --"]


def test_a_line_break_in_a_cell_does_not_break_the_table() -> None:
    assert len(format_table(["a"], [["x\ny"]]).splitlines()) == 3
