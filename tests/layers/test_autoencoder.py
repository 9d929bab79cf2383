import pytest
import torch

from workbench.layers.autoencoder import Activation, AutoEncoder


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("bounded", [True, False])
def test_equals_its_layers_one_by_one(activation: Activation, bounded: bool) -> None:
    coder, x = AutoEncoder(7, (5, 4), 3, activation, bounded=bounded), torch.randn(6, 7)
    bend, w = getattr(torch, activation), coder.state_dict()
    h = x
    for layer in (0, 2, 4):
        h = bend(h @ w[f"encoder.{layer}.weight"].T + w[f"encoder.{layer}.bias"])
    torch.testing.assert_close(coder.encode(x), h)
    assert h.shape == (6, 3)
    for layer in (0, 2):
        h = bend(h @ w[f"decoder.{layer}.weight"].T + w[f"decoder.{layer}.bias"])
    told = h @ w["decoder.4.weight"].T + w["decoder.4.bias"]
    torch.testing.assert_close(coder.decode(coder.encode(x)), torch.sigmoid(told) if bounded else told)
    squares = sum(float(value.square().sum()) for name, value in w.items() if name.endswith("weight"))
    assert float(coder.squares()) == pytest.approx(squares, rel=1e-5)


def test_without_hidden_layers() -> None:
    coder = AutoEncoder(4, (), 2, "tanh", bounded=False)
    assert len(coder.encoder) == 2 and len(coder.decoder) == 1
    assert coder.decode(coder.encode(torch.zeros(1, 4))).shape == (1, 4)
