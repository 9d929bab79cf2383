"""Moments as people read them, in UTC and in English whatever the machine speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY: Final = 86_400
WEEK: Final = 7 * DAY
HOURS: Final = 24
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """Seconds since 1970 (UTC) as a moment."""
    return _EPOCH + timedelta(seconds=seconds)


def day_text(seconds: float) -> str:
    """The day: 5 Mar 2024."""
    at = moment(seconds)
    return f"{at.day} {month_text(seconds)}"


def month_text(seconds: float) -> str:
    """The month: Mar 2024."""
    at = moment(seconds)
    return f"{MONTHS[at.month - 1]} {at.year}"


def clock_text(seconds: float) -> str:
    """Day of the week and time: Tue 14:05."""
    at = moment(seconds)
    return f"{DAYS[at.weekday()]} {at:%H:%M}"


def hour_text(hour: int) -> str:
    """An hour of the week, counted from Monday, midnight: Tue 14:00."""
    return f"{DAYS[hour // HOURS]} {hour % HOURS:02}:00"
