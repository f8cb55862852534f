"""Checks of Pooler. Runs on the trusted side; the student's layer lives in a worker."""

import pytest

from autograder.trusted.promises import LayerPromises, Subject, make_twin
from autograder.trusted.student import Student

pytestmark = pytest.mark.layer("Pooler")

C = 15


class TestPooler(LayerPromises):
    """tanh of a linear map of the first token."""

    subject = Subject(
        name="Pooler",
        arguments={"emb_size": C},
        inputs=lambda student, batch, tokens: [student.normal(batch, tokens, C)],
        output=lambda batch, tokens: (batch, C),
        letters="B, C",
        sizes=(4, 6),
        other_sizes=((3, 9), (1, 6), (4, 1), (1, 1), (2, 128)),
    )

    @pytest.mark.points(1)
    def test_values_are_tanh_of_dense_of_the_first_token(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        twin.expect_output(self.subject.example(student), axes="BC")
        twin.expect_output(
            self.subject.example(student), "the output in train mode", axes="BC", training=True
        )
        loud = [1000.0 * value for value in self.subject.example(student)]
        twin.expect_output(loud, "the output for very large inputs", axes="BC")
