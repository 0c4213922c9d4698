"""What may not be claimed of a score because of its task, whoever measured it.

Each rule gives verdict and why, or None. Rules that look at a run are in
suite/comparability.py, those for rows of which there is no run where they are compared.
"""

from suite.published import TableColumn

Ruling = tuple[str, str] | None


def ruling_on_wnli(column: TableColumn) -> Ruling:
    """The published compact models score 62.3, and no other above the majority."""
    if column.task != "WNLI":
        return None
    why = "no published model is above the majority class (65.1 on test)"
    return "uninformative", why


def ruling_on_qqp(column: TableColumn, both_of_one_split: bool) -> Ruling:
    """GLUE's FAQ: labels of its test set are distributed otherwise than on dev."""
    if column.task != "QQP" or both_of_one_split:
        return None
    why = "GLUE gave QQP's test set another distribution of classes than dev"
    return "not comparable", why


def ruling_on_zero(column: TableColumn, ours: float) -> Ruling:
    """Of a score without predictions nothing else tells that they were constant."""
    if column.metric != "matthews" or ours:
        return None
    return "degenerate", "0 is what constant predictions score"
