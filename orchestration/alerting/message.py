"""An alert as people read it: a subject of one line, a mail, a chat message.

Add here how an alert reads somewhere new. Everything is cut to a length that the place takes, and nothing of
an alert's text is read there as anything but text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Valid up to 998 bytes, RFC 5322's longest line; mail programs show about this much.
SUBJECT_LENGTH = 180
# Of the first line of a text; valid from a sentence to half of a chat message.
SUMMARY_LENGTH = 1_000
# Valid up to what a mail server takes (megabytes); what nobody scrolls through is in the log.
MAIL_LENGTH = 20_000
# Valid up to 40,000, where Slack cuts; it advises 4,000.
CHAT_LENGTH = 3_500
CUT = "…"
# Kept in the home only.
INTERNAL_FIELDS = frozenset({"channels", "told_before"})


@dataclass(frozen=True)
class Message:
    """One alert, as it is kept in ``alerts.jsonl``.

    Attributes:
        alert_id: the same wherever and however often it is sent.
        summary: one line.
        details: the whole message.
        log: path of the run's log, empty when there is none.
        answers: ids of the alerts that it says are over.
        record: all fields, for programs.
    """

    alert_id: str
    summary: str
    details: str
    log: str
    home: str
    raised_at: str
    answers: tuple[str, ...]
    record: Mapping[str, Any]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Message:
        """The alert of a line of ``alerts.jsonl``."""
        return cls(
            alert_id=str(record.get("alert_id", "")),
            summary=str(record.get("summary", "")),
            details=str(record.get("details", "")),
            log=str(record.get("log", "")),
            home=str(record.get("home", "")),
            raised_at=str(record.get("raised_at", "")),
            answers=tuple(str(one) for one in record.get("answers", ())),
            record={name: value for name, value in record.items() if name not in INTERNAL_FIELDS},
        )

    def subject(self) -> str:
        """One line for a header: no line ends, no control characters, not too long."""
        return cut(one_line(self.summary), SUBJECT_LENGTH)

    def text(self) -> str:
        """The whole message as plain text."""
        details = "" if self.details == self.summary else self.details
        places = [f"Log: {self.log}"] if self.log else []
        places += [f"Home: {self.home}", f"Raised: {self.raised_at}", "More: tieout status, tieout alerts"]
        parts = [
            cut(one_line(self.summary), SUMMARY_LENGTH),
            cut(_plain(details), MAIL_LENGTH),
            "\n".join(places),
        ]
        return "\n\n".join(part for part in parts if part.strip()) + "\n"

    def chat(self) -> str:
        """A chat message in Slack's own escapes, which make mentions, links and entities plain text."""
        details = "" if self.details == self.summary else self.details
        lines = [cut(one_line(self.summary), SUMMARY_LENGTH), cut(_plain(details), CHAT_LENGTH)]
        where = [f"Log: {self.log}"] if self.log else []
        where.append(f"Home: {self.home}")
        end = _escaped("\n".join(where))[-CHAT_LENGTH // 4 :]
        text = _escaped("\n".join(line for line in lines if line.strip()))
        room = CHAT_LENGTH - len(end) - 1
        if len(text) > room:
            # Not through the middle of an entity, which would show as its letters.
            text = re.sub(r"&[a-z]*$", "", text[: room - 1]) + CUT
        return f"{text}\n{end}"


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(_plain(text).split())


def cut(text: str, length: int) -> str:
    """At most ``length`` characters; what was cut off ends in an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + CUT


def storable(text: str) -> str:
    """A text that can be written as UTF-8; a file's name may hold bytes that cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _plain(text: str) -> str:
    """Without control characters and what turns the direction of writing; line ends and tabs stay."""
    return "".join(
        one if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " "
        for one in storable(text)
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
