"""A length of time as people say it."""


def spoken(seconds: float) -> str:
    """ "40 s", "12 min", "3 h 20 min"."""
    if seconds < 100:
        return f"{seconds:,.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min"
