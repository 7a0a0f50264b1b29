"""UnorderedVAE's content, bound and verbs against plain NumPy and brute force."""

import itertools

import keras
import numpy as np
import pytest
from models.small_halo import moving_dots

from halo_keras import from_pretrained, save_preset
from halo_keras.layers import FrameDecoder, FrameEncoder, FrameMapEncoder
from halo_keras.models import UnorderedVAE
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend
SHAPE = (8, 8, 1)
FRAMES = moving_dots(4)["frames"].astype("float32") / 255  # (4, 6, 8, 8, 1)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def small(**options):
    keras.utils.set_random_seed(7)
    sizes = {
        "num_frames": 6,
        "content_dim": 3,
        "motion_dim": 2,
        "pair_channels": 5,
        "content_hidden": 6,
        "motion_hidden": 8,
    }
    parts = {
        "encoder": FrameMapEncoder(SHAPE, (3, 4), name="encoder"),
        "decoder": FrameDecoder(
            SHAPE, (6, 4), base_channels=4, hidden=16, name="decoder"
        ),
    }
    return UnorderedVAE(SHAPE, **parts, **{**sizes, **options})


def convolved(maps, kernel, bias):
    """3 x 3, same size, zeros outside: the definition, place by place."""
    height, width, _ = maps.shape
    padded = np.pad(maps, ((1, 1), (1, 1), (0, 0)))
    found = np.empty((height, width, kernel.shape[-1]))
    for row, column in itertools.product(range(height), range(width)):
        window = padded[row : row + 3, column : column + 3]
        found[row, column] = np.einsum("ijc,ijcd->d", window, kernel) + bias
    return found


def content_by_pairs(model, features):
    """The mean of q(f | x_S), from convolutions of every two maps side by side."""
    net = model.content_network
    kernel = np.concatenate([numpy(net.first.kernel), numpy(net.second.kernel)], axis=2)
    bias = numpy(net.first.bias)
    maps = features.reshape(len(features), *net.map_shape)

    def pair(i, j):
        both = np.concatenate([maps[i], maps[j]], axis=-1)
        return np.maximum(convolved(both, kernel, bias), 0)

    pairs = list(itertools.combinations(range(len(maps)), 2))
    if net.pooling == "mean":
        common = np.mean([(pair(i, j) + pair(j, i)) / 2 for i, j in pairs], axis=0)
    else:
        common = np.concatenate([pair(i, j) for i, j in pairs], axis=-1)
    common = convolved(common, numpy(net.common.kernel), numpy(net.common.bias))
    hidden = np.maximum(common, 0).ravel() @ numpy(net.dense.kernel)
    hidden = np.maximum(hidden + numpy(net.dense.bias), 0)
    return hidden @ numpy(net.head.mean.kernel) + numpy(net.head.mean.bias)


@pytest.mark.parametrize("pooling, count", [("mean", 5), ("mean", 2), ("concat", 3)])
def test_content_is_that_of_the_pairs(pooling, count):
    model = small(pair_pooling=pooling)
    features = numpy(model.frame_features(FRAMES[:2, :count]))
    for set_, found in zip(
        features, model.encode_content(FRAMES[:2, :count]), strict=True
    ):
        np.testing.assert_allclose(found, content_by_pairs(model, set_), atol=1e-5)


def test_only_the_mean_does_not_depend_on_the_order():
    order = [2, 0, 1]
    for pooling, alike in (("mean", True), ("concat", False)):
        model = small(pair_pooling=pooling)
        one = model.encode_content(FRAMES[:, :3])
        other = model.encode_content(FRAMES[:, order])
        assert (np.abs(one - other).max() < 1e-6) == alike
    model = small()
    shuffled = FRAMES[:, np.random.default_rng(0).permutation(6)]
    difference = model.encode_content(FRAMES) - model.encode_content(shuffled)
    assert np.abs(difference).max() < 1e-6


def test_a_masked_frame_is_not_there():
    model, mask = small(), np.ones((4, 6))
    mask[:, [1, 4]] = 0
    kept = model.encode_content(FRAMES[:, [0, 2, 3, 5]])
    np.testing.assert_allclose(model.encode_content(FRAMES, mask), kept, atol=1e-6)
    garbage = np.where(mask[:, :, None, None, None] > 0, FRAMES, 1 - FRAMES)
    np.testing.assert_allclose(model.encode_content(garbage, mask), kept, atol=1e-6)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_terms_of_the_bound(likelihood):
    """Sum over frames of ln p(x | f, z) and of KL(q(z | f, x) || p(z | f)), and KL(f).

    At posterior means, against the formulas written out; p(z | f) is of the same f.
    """
    model = small(likelihood=likelihood, motion_octaves=2)
    mask = np.ones((4, 6), "float32")
    mask[1, 4:] = 0
    terms = model.loss_terms(model({"frames": FRAMES, "mask": mask}, training=False))
    q = model.posterior(FRAMES, mask=mask)
    mean, var = numpy(q.state.mean), np.exp(numpy(q.state.log_var))
    prior_mean, prior_std = model.prior_of(numpy(q.content.mean))
    kl = 0.5 * (
        (var + (mean - prior_mean) ** 2) / prior_std**2
        - 1
        + 2 * np.log(prior_std)
        - np.log(var)
    ).sum(axis=-1)
    np.testing.assert_allclose(
        numpy(terms["motion_kl"]), (mask * kl).sum(axis=1), rtol=1e-4
    )
    f, spread = numpy(q.content.mean), np.exp(numpy(q.content.log_var))
    expected = 0.5 * (f**2 + spread - 1 - np.log(spread)).sum(axis=-1)
    np.testing.assert_allclose(numpy(terms["content_kl"]), expected, rtol=1e-4)
    made = numpy(model.decode_frames(q.content.mean, mean)).astype("float64")
    truth = FRAMES.astype("float64")
    if likelihood == "bernoulli":
        p = 1 / (1 + np.exp(-made))
        density = truth * np.log(p) + (1 - truth) * np.log(1 - p)
    else:
        density = -((truth - made) ** 2) / 0.02 - np.log(0.1 * np.sqrt(2 * np.pi))
    density = (mask * density.sum(axis=(2, 3, 4))).sum(axis=1)
    np.testing.assert_allclose(numpy(terms["reconstruction_loss"]), -density, rtol=1e-4)


def test_content_of_other_frames_gives_the_decoded_frames_their_content():
    model = small()
    batch = {"frames": FRAMES[:, :3], "content_frames": FRAMES[:, 3:]}
    found = model(batch, training=False)
    content = model.encode_content(FRAMES[:, 3:])
    features = model.frame_features(FRAMES[:, :3])
    q = model.motion_posterior(features, content, np.ones((4, 3), "float32"))
    decoded = model.decode_frames(content, q.mean)
    np.testing.assert_allclose(numpy(found["decoded"]), numpy(decoded), atol=1e-5)


def test_fit_lowers_the_loss():
    model = small()
    model.compile(optimizer=keras.optimizers.Adam(1e-2), run_eagerly=False)
    data = {"frames": np.repeat(FRAMES[:, :3], 4, axis=0)}
    losses = model.fit(data, batch_size=8, epochs=12, verbose=0, shuffle=False).history
    assert losses["loss"][-1] < 0.7 * losses["loss"][0]
    assert {"content_kl", "motion_kl", "elbo"} < set(losses)


@pytest.mark.parametrize("transfer", ["direct", "standardised"])
def test_a_swap_decodes_one_ones_content_with_the_others_motion(transfer):
    model = small(transfer=transfer)
    made = model.swap_motion(FRAMES[:2], FRAMES[2:])
    z = numpy(model.posterior(FRAMES[2:]).state.mean)
    own, other = model.encode_content(FRAMES[:2]), model.encode_content(FRAMES[2:])
    if transfer == "standardised":
        mean, std = model.prior_of(other)
        e = (z - mean) / std
        mean, std = model.prior_of(own)
        z = mean + std * e
    logits = numpy(model.decode_frames(own, z))
    np.testing.assert_allclose(made, 1 / (1 + np.exp(-logits)), atol=1e-5)
    # Its own motion is its reconstruction, whatever is taken over.
    np.testing.assert_allclose(
        model.swap_motion(FRAMES, FRAMES), model.reconstruct(FRAMES), atol=1e-5
    )


def test_sampled_motion_has_the_moments_of_p_of_z_given_f():
    """z are read off a decoder that shows them: of 2,000 frames each."""
    model = small()
    content = model.encode_content(FRAMES[:2])
    mean, std = model.prior_of(content)
    seen = []
    model.decode_frames = lambda c, z: (
        seen.append(numpy(z)) or np.zeros((len(c), z.shape[1], *SHAPE), "float32")
    )
    model.sample_motion(FRAMES[:2], num_frames=2000, seed=3)
    z = np.concatenate(seen)
    np.testing.assert_allclose(z.mean(axis=1), mean[:, 0], atol=0.1)
    np.testing.assert_allclose(z.std(axis=1), std[:, 0], rtol=0.06)


def test_the_grid_is_centred_on_the_prior():
    model = small(motion_dim=3)
    grid = model.motion_grid(FRAMES[:2], size=5, extent=1.5)
    assert grid.shape == (2, 5, 5, *SHAPE)
    content = model.encode_content(FRAMES[:2])
    mean, std = model.prior_of(content)
    for row, column in ((2, 2), (0, 4), (3, 1)):
        z = mean.copy()
        z[..., 0] += std[..., 0] * (-1.5 + 0.75 * column)
        z[..., 1] += std[..., 1] * (-1.5 + 0.75 * row)
        logits = numpy(model.decode_frames(content, z))[:, 0]
        np.testing.assert_allclose(
            grid[:, row, column], 1 / (1 + np.exp(-logits)), atol=1e-5
        )
    assert model.motion_grid(FRAMES[0], size=2).shape == (2, 2, *SHAPE)
    with pytest.raises(ValueError, match="size must be a whole number"):
        model.motion_grid(FRAMES, size=0)


def test_the_curve_is_the_first_principal_coordinate():
    model = small()
    z = model.encode(FRAMES).state
    curve = model.motion_curve(FRAMES)
    for one, latents in zip(curve, z, strict=True):
        values, axes = np.linalg.eigh(np.cov(latents.T))
        expected = (latents - latents.mean(axis=0)) @ axes[:, values.argmax()]
        same = min(np.abs(one - expected).max(), np.abs(one + expected).max())
        assert same < 1e-5
    np.testing.assert_allclose(model.motion_curve(FRAMES[1], 1), z[1, :, 1], atol=1e-6)
    with pytest.raises(ValueError, match="dimension must be one of 0 to 1"):
        model.motion_curve(FRAMES, 2)


def test_long_clips_ask_for_a_number_of_frames():
    model = small()
    long = np.concatenate([FRAMES] * 4, axis=1)  # 24 frames
    with pytest.raises(ValueError, match="24 frames has too many pairs.*num_content"):
        model.encode(long)
    found = model.encode(long, num_content_frames=4)
    assert found.state.shape == (4, 24, 2)
    spaced = long[:, [0, 8, 15, 23]]
    np.testing.assert_allclose(found.content, model.encode_content(spaced), atol=1e-6)
    model.content_frames = 4
    assert model.reconstruct(long).shape == long.shape
    np.testing.assert_allclose(
        model.encode_content(long), model.encode_content(spaced), atol=1e-6
    )


def test_what_cannot_be_is_said():
    model = small()
    with pytest.raises(ValueError, match="at least 2 of them, received 1"):
        model.encode(FRAMES[:, :1])
    with pytest.raises(ValueError, match="at least 2 of them, received 1"):
        model({"frames": FRAMES[:, :1]})
    with pytest.raises(ValueError, match="not exceed the 6 observed .* received 7"):
        model.encode(FRAMES, num_content_frames=7)
    with pytest.raises(ValueError, match="not exceed the 5 observed"):
        mask = np.arange(6) < np.array([6, 5, 6, 6])[:, None]
        model.encode(FRAMES, mask=mask, num_content_frames=6)
    with pytest.raises(ValueError, match="knows no time: it has frames 0 to 5"):
        model.forecast(FRAMES, range(8))
    with pytest.raises(ValueError, match="reads 3 frames, received 6"):
        small(pair_pooling="concat")({"frames": FRAMES})
    with pytest.raises(ValueError, match="three frames and no mask"):
        small(pair_pooling="concat")({"frames": FRAMES[:, :3], "mask": np.ones((4, 3))})
    with pytest.raises(ConfigError, match="pair_pooling must be one of"):
        small(pair_pooling="max")
    with pytest.raises(ConfigError, match="must give maps, as FrameMapEncoder"):
        UnorderedVAE(SHAPE, encoder=FrameEncoder(SHAPE, (4,), 8))
    with pytest.raises(ConfigError, match="multiples of 8, received \\(12, 8\\)"):
        FrameMapEncoder((12, 8, 1), (4, 4, 4))


def test_a_preset_is_the_model(tmp_path):
    model = small(transfer="standardised", content_frames=4, motion_octaves=1)
    model.fit_prior({"frames": FRAMES})
    facts = {"license": "Apache-2.0", "dataset": "dots"}
    folder = tmp_path / "unordered-dots"
    save_preset(model, folder, name="unordered-dots", metadata=facts, metrics={})
    again = from_pretrained(folder)
    assert isinstance(again, UnorderedVAE)
    kept, asked = again.get_config(), model.get_config()
    for part in ("encoder", "decoder"):  # a part is read under another name
        ours, theirs = (config.pop(part)["config"] for config in (kept, asked))
        assert {**ours, "name": None} == {**theirs, "name": None}
    assert kept == asked
    np.testing.assert_allclose(
        again.reconstruct(FRAMES), model.reconstruct(FRAMES), atol=1e-6
    )
    clips = again.example_clips()
    assert clips["frames"].shape == (12, 6, *SHAPE)
