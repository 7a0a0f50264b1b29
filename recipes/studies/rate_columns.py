"""What the rate study compares, and the columns of its file."""

MODELS = {
    "clips": "HALO: content and motion of a clip",
    "frames": "the same networks on single frames, a variational autoencoder",
}
KL_WEIGHTS = (1.0, 10.0, 100.0)  # 1 is the bound itself
KEY = ("model", "kl_weight", "seed")
COLUMNS = (
    *KEY,
    *("epochs", "steps", "seconds", "cpu_seconds", "commit"),
    *("rate_content_bits", "rate_motion_bits", "rate_bits", "distortion_mse"),
)
