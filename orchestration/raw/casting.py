"""How the text of a cell becomes a typed value, exactly or not at all.

Add a spelling here when exports use it and it can mean one thing only. Each SQL expression yields NULL for
text that it refuses; ``refusal`` says why in words. Nothing is rounded: a value that would lose digits is
refused.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from orchestration.raw.contract import ColumnContract
from orchestration.raw.limits import JSON_DEPTH

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6}0*)?)?"
_TIMESTAMP = rf"{_DAY}([T ]{_CLOCK}Z?)?"
_ZONED_TIMESTAMP = rf"{_DAY}[T ]{_CLOCK} ?(Z|UTC|GMT|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)"
_EPOCH_SECONDS = r"[+-]?[0-9]{1,11}(\.[0-9]{1,6}0*)?"
# Five digits are seconds of New Year's Day 1970, or rather what Excel calls a day of this century.
_EXCEL_DAY = r"[1-9][0-9]{4}(\.[0-9]*)?"
# Eight digits that read as a day could also be seconds of 1970; neither is guessed.
_COMPACT_DAY = r"(19|20)[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01])"

_BOOLEANS = {True: ("true", "t", "1", "1.0"), False: ("false", "f", "0", "0.0")}


def cast_expression(column: ColumnContract, text: str) -> str:
    """SQL (DuckDB) that turns the text expression ``text`` into the column's type, NULL where it cannot.

    ``text`` is evaluated several times, so it should be a column name. The session's time zone must be UTC.
    """
    digits = column.decimal_digits
    if digits:
        return _decimal(text, *digits)
    return {
        "varchar": _json if column.format == "json" else _varchar,
        "bigint": _bigint,
        "boolean": _boolean,
        "date": _date,
        "timestamp": _timestamp,
    }[column.data_type](text)


def _varchar(text: str) -> str:
    return text


def _json(text: str) -> str:
    openings = f"length({text}) - length(replace(replace({text}, '[', ''), '{{', ''))"
    # What reads a document calls itself for each level; the engine's own reader has a bound for that, too.
    is_shallow = f"({openings} <= {JSON_DEPTH} or try(json_structure({text})) is not null)"
    return f"case when json_valid({text}) and {is_shallow} then {text} end"


def _boolean(text: str) -> str:
    spelled = {
        truth: ", ".join(f"'{spelling}'" for spelling in spellings) for truth, spellings in _BOOLEANS.items()
    }
    word = f"lower(trim({text}))"
    return f"case when {word} in ({spelled[True]}) then true when {word} in ({spelled[False]}) then false end"


def _bigint(text: str) -> str:
    return (
        f"case when regexp_full_match({text}, '[+-]?[0-9]{{1,18}}') then try_cast({text} as bigint) "
        f"else try_cast({_decimal(text, 38, 0)} as bigint) end"
    )


def _decimal(text: str, precision: int, scale: int) -> str:
    target = f"decimal({precision},{scale})"
    trimmed = f"trim({text})"
    whole = rf"regexp_extract({trimmed}, '^[+-]?([0-9]*)', 1)"
    fraction = rf"regexp_extract({trimmed}, '^[+-]?[0-9]*\.([0-9]*)', 1)"
    exponent = rf"coalesce(try_cast(regexp_extract({trimmed}, '[eE]([+-]?[0-9]+)$', 1) as integer), 0)"
    significant = f"rtrim({whole} || {fraction}, '0')"
    # Decimal places of the value as written, counted after the last digit that is not zero.
    places = f"length({significant}) - length({whole}) - {exponent}"
    return (
        rf"case when regexp_full_match({text}, '[+-]?[0-9]+(\.[0-9]{{0,{scale}}}0*)?') "
        f"then try_cast({text} as {target}) "
        f"when regexp_full_match({trimmed}, '{_NUMBER}') "
        f"and (ltrim({significant}, '0') = '' or {places} <= {scale}) "
        f"then try_cast({trimmed} as {target}) end"
    )


def _in_calendar(instant: str) -> str:
    return (
        f"case when {instant} >= timestamp '0001-01-01' "
        f"and {instant} < timestamp '9999-12-31 23:59:59.999999' then {instant} end"
    )


def _zoned_timestamp(text: str) -> str:
    word = f"upper(trim({text}))"
    normalised = f"regexp_replace(regexp_replace({word}, ' ?(Z|UTC|GMT)$', '+00'), ' ([+-][0-9:]+)$', '\\1')"
    instant = _in_calendar(f"cast(try_cast({normalised} as timestamptz) as timestamp)")
    return f"when regexp_full_match({word}, '{_ZONED_TIMESTAMP}') then {instant}"


def _timestamp(text: str) -> str:
    trimmed = f"trim({text})"
    microseconds = f"cast(cast({trimmed} as decimal(24,6)) * 1000000 as bigint)"
    return (
        f"case when regexp_full_match({text}, '{_TIMESTAMP}') "
        f"then {_in_calendar(f'try_cast({text} as timestamp)')} "
        f"{_zoned_timestamp(text)} "
        f"when regexp_full_match(upper({trimmed}), '{_TIMESTAMP}') "
        f"then {_in_calendar(f'try_cast(upper({trimmed}) as timestamp)')} "
        f"when regexp_full_match({trimmed}, '{_EPOCH_SECONDS}') "
        f"and not regexp_full_match({trimmed}, '{_COMPACT_DAY}|{_EXCEL_DAY}') "
        f"then {_in_calendar(f'make_timestamp({microseconds})')} end"
    )


def _date(text: str) -> str:
    instant = (
        f"case {_zoned_timestamp(text)} "
        f"when regexp_full_match(upper(trim({text})), '{_TIMESTAMP}') "
        f"then {_in_calendar(f'try_cast(upper(trim({text})) as timestamp)')} end"
    )
    return (
        f"case when regexp_full_match({text}, '{_DAY}') "
        f"then try_cast({_in_calendar(f'try_cast({text} as timestamp)')} as date) "
        f"when date_trunc('day', {instant}) = {instant} then cast({instant} as date) end"
    )


def refusal(column: ColumnContract, text: str | None) -> str:
    """Why ``text`` cannot be a value of the column, in words for the quarantine report."""
    if text is None:
        return "a value is required and there is none"
    if column.format == "json":
        return f"is not a JSON document, or one of more than {JSON_DEPTH} levels"
    digits = column.decimal_digits
    if digits or column.data_type == "bigint":
        return _number_refusal(text, digits)
    if column.data_type == "boolean":
        return "is not a boolean (true/false, t/f, T/F, 1/0)"
    return _calendar_refusal(column.data_type, text)


def _number_refusal(text: str, digits: tuple[int, int] | None) -> str:
    kind = f"a decimal with {digits[1]} places" if digits else "a whole number"
    if not re.fullmatch(_NUMBER, text.strip()):
        return f"is not {kind} (plain digits, a point before decimals, no separators or currency signs)"
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return f"is not {kind}"
    places = -int(number.normalize().as_tuple().exponent) if number else 0
    if digits is None and places > 0:
        return "has decimals where a whole number is expected"
    if digits is not None and places > digits[1]:
        return f"has more than {digits[1]} decimals and would lose digits"
    room = digits[0] - digits[1] if digits else 18
    return f"is too large: at most {room} digits before the decimal point are kept"


def _calendar_refusal(data_type: str, text: str) -> str:
    trimmed = text.strip()
    if re.fullmatch(_COMPACT_DAY, trimmed):
        return "could be a day or seconds since 1970: write YYYY-MM-DD"
    if re.fullmatch(_EXCEL_DAY, trimmed):
        return "looks like Excel's number of a day: format the cells as dates, or write YYYY-MM-DD"
    if data_type == "date":
        if re.fullmatch(rf"{_DAY}[Tt ].+", trimmed):
            return "is no day: a date has no time of day other than midnight UTC"
        if re.fullmatch(_DAY, trimmed):
            return "is not in the calendar"
        return "is not a date: write YYYY-MM-DD"
    if re.fullmatch(r"[+-]?[0-9]{12,}(\.[0-9]*)?", trimmed):
        return "looks like milliseconds: write seconds since 1970 or ISO 8601 (YYYY-MM-DDTHH:MM:SSZ)"
    if re.search(r"\.[0-9]{6}[0-9]*[1-9]", trimmed):
        return "has more than 6 decimals of a second and would lose digits"
    if re.fullmatch(rf"{_DAY}.*", trimmed):
        return "is not in the calendar or has an unknown zone: write YYYY-MM-DDTHH:MM:SSZ"
    return "is not a timestamp: write ISO 8601 (YYYY-MM-DDTHH:MM:SSZ) or seconds since 1970"
