import pytest

from suite.duration import spoken


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (3569, "59 min"),
        (3571, "1 h 0 min"),
        (14_382, "4 h 0 min"),
        (190_428, "52 h 54 min"),
    ],
)
def test_a_length_of_time_is_said(seconds, said):
    assert spoken(seconds) == said
