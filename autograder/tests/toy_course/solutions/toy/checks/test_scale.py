"""Checks of Scale."""

import pytest

from autograder.trusted.promises import LayerPromises, Subject, make_twin

pytestmark = pytest.mark.layer("Scale")


class TestScale(LayerPromises):
    """y = x * weight + bias."""

    subject = Subject(
        name="Scale",
        arguments={"width": 7},
        inputs=lambda student, batch, tokens: [student.normal(batch, tokens, 7)],
        output=lambda batch, tokens: (batch, tokens, 7),
        letters="B, T, width",
        sizes=(3, 5),
        other_sizes=((2, 4), (1, 1)),
    )

    @pytest.mark.points(45)
    def test_values_are_those_of_the_formula(self, student) -> None:
        make_twin(self.subject, student).expect_output(self.subject.example(student))
