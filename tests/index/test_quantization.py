"""Networks with weights of eight bits: near what they were, and nothing else changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import openvino
import pytest
from numpy.typing import NDArray
from openvino import opset13 as operations

from index.quantization import quantize

Array = NDArray[np.float32]
WIDTH, WIDE = 96, 160
INPUTS: Array = np.random.default_rng(1).standard_normal((4, 7, WIDTH)).astype(np.float32)


def random(*shape: int, seed: int = 2) -> Array:
    values = np.random.default_rng(seed).standard_normal(shape) / np.sqrt(shape[-1])
    single: Array = values.astype(np.float32)
    return single


def network(build: Callable[[openvino.Node], openvino.Node]) -> openvino.Model:
    """A model of one input, (batch, tokens, WIDTH)."""
    tokens = operations.parameter([-1, -1, WIDTH], np.float32)
    return openvino.Model([build(tokens)], [tokens])


def run(model: openvino.Model, inputs: Array = INPUTS) -> Array:
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    result: Array = np.array(compiled([inputs])[0], np.float32)
    return result


def before_and_after(build: Callable[[openvino.Node], openvino.Node]) -> tuple[Array, Array]:
    model = network(build)
    before = run(model)
    quantize(model)
    return before, run(model)


def weights_of_eight_bits(model: openvino.Model) -> list[tuple[int, ...]]:
    return [
        tuple(node.get_output_shape(0))
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Constant" and node.get_element_type().get_type_name() == "i8"
    ]


def two_layers(tokens: openvino.Node) -> openvino.Node:
    """As a transformer's feed-forward part: a matrix stored each way round, and an addition."""
    inner = operations.matmul(tokens, operations.constant(random(WIDE, WIDTH)), False, True)
    inner = operations.relu(operations.add(inner, operations.constant(random(WIDE, seed=3))))
    return operations.matmul(inner, operations.constant(random(WIDE, WIDTH, seed=4)), False, False)


def half_precision(tokens: openvino.Node) -> openvino.Node:
    """As OpenVINO saves a model: weights of 16 bits, converted while it runs."""
    weights = operations.constant(random(WIDE, WIDTH).astype(np.float16))
    return operations.matmul(tokens, operations.convert(weights, "f32"), False, True)


@pytest.mark.parametrize("build", [two_layers, half_precision])
def test_results_stay_close(build: Callable[[openvino.Node], openvino.Node]) -> None:
    before, after = before_and_after(build)
    assert after.shape == before.shape
    assert not np.array_equal(before, after)
    cosines = np.sum(before * after, -1) / (
        np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1)
    )
    assert cosines.min() > 0.999
    assert np.abs(after - before).max() < 0.03 * np.abs(before).max()


def test_every_matrix_is_kept_in_eight_bits_an_output_a_row() -> None:
    model = network(two_layers)
    quantize(model)
    assert sorted(weights_of_eight_bits(model)) == [(WIDTH, WIDE), (WIDE, WIDTH)]


def test_a_large_output_does_not_coarsen_a_small_one() -> None:
    weights = random(WIDE, WIDTH)
    weights[0] *= 1000

    def build(tokens: openvino.Node) -> openvino.Node:
        return operations.matmul(tokens, operations.constant(weights), False, True)

    before, after = before_and_after(build)
    assert np.abs(after - before)[..., 1:].max() < 0.03 * np.abs(before[..., 1:]).max()


def test_a_product_of_two_inputs_is_left_alone() -> None:
    """Attention's: neither side is a weight."""
    model = network(lambda tokens: operations.matmul(tokens, tokens, False, True))
    before = run(model)
    quantize(model)
    assert weights_of_eight_bits(model) == []
    assert np.array_equal(run(model), before)


@pytest.mark.parametrize("transposed", [True, False])
def test_a_small_matrix_is_left_alone(transposed: bool) -> None:
    weights = random(8, WIDTH) if transposed else random(WIDTH, 8)
    model = network(
        lambda tokens: operations.matmul(tokens, operations.constant(weights), False, transposed)
    )
    before = run(model)
    quantize(model)
    assert weights_of_eight_bits(model) == []
    assert np.array_equal(run(model), before)


def test_a_stack_of_matrices_is_left_alone() -> None:
    stack = random(4, WIDTH, WIDE)
    model = network(
        lambda tokens: operations.matmul(tokens, operations.constant(stack), False, False)
    )
    before = run(model)
    quantize(model)
    assert np.array_equal(run(model), before)


def test_an_output_without_weights_stays_zero() -> None:
    weights = random(WIDE, WIDTH)
    weights[3] = 0
    weights[WIDE - 1] = 0

    def build(tokens: openvino.Node) -> openvino.Node:
        return operations.matmul(tokens, operations.constant(weights), False, True)

    with np.errstate(all="raise"):
        before, after = before_and_after(build)
    assert np.isfinite(after).all()
    assert not after[..., [3, WIDE - 1]].any()
    assert np.abs(after - before).max() < 0.03 * np.abs(before).max()


def test_an_input_that_is_turned_stays_so() -> None:
    weights = random(WIDE, 7)

    def build(tokens: openvino.Node) -> openvino.Node:
        return operations.matmul(tokens, operations.constant(weights), True, True)

    before, after = before_and_after(build)
    assert after.shape == before.shape == (4, WIDTH, WIDE)
    assert np.abs(after - before).max() < 0.03 * np.abs(before).max()
