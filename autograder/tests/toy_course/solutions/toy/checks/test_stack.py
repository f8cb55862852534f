"""Checks of Stack, with doubles for its scales, and of the two together."""

import pytest

from autograder.trusted.composites import expect_arguments_passed_down, expect_chain
from autograder.trusted.promises import LayerPromises, Subject, make_twin


@pytest.mark.layer("Stack")
class TestStack(LayerPromises):
    """Depth scales, one after the other."""

    subject = Subject(
        name="Stack",
        arguments={"width": 7, "depth": 3},
        inputs=lambda student, batch, tokens: [student.normal(batch, tokens, 7)],
        output=lambda batch, tokens: (batch, tokens, 7),
        letters="B, T, width",
        sizes=(3, 5),
        other_sizes=((2, 4), (1, 1)),
    )

    @pytest.mark.points(30)
    def test_each_scale_reads_what_the_one_before_wrote(self, student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        got = twin.expect_output(inputs, calls=True)
        expect_chain(got, twin.want(inputs), "Scale", "x")

    @pytest.mark.points(5)
    def test_arguments_reach_every_scale(self, student) -> None:
        expect_arguments_passed_down(make_twin(self.subject, student))


@pytest.mark.layer("EndToEnd")
@pytest.mark.points(10)
def test_both_layers_together(student) -> None:
    inputs = [student.normal(3, 5, 7)]
    student.whole_model("Stack", {"width": 7, "depth": 3}, inputs).expect_output(inputs)
