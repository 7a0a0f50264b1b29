"""What the leakage study compares, and the columns of its file."""

# Setting -> change of the preset's `model` numbers.
SETTINGS = {
    "preset": {},
    "bound": {"content_kl_weight": 1.0, "motion_kl_weight": 1.0},
    "motion-kl-10": {"motion_kl_weight": 10.0},
    "motion-kl-20": {"motion_kl_weight": 20.0},
    "learned-prior": {"prior_kind": "learned"},
    "small-state": {"position_dim": 4},
    "unlabelled": {},
    "unlabelled-motion-kl-10": {"motion_kl_weight": 10.0},
    "unlabelled-motion-kl-20": {"motion_kl_weight": 20.0},
}
KEY = ("setting", "seed")
ATTRIBUTES = ("body", "bottomwear", "topwear", "hair")
COLUMNS = (
    *KEY,
    *("epochs", "steps", "seconds", "cpu_seconds", "commit"),
    *("reconstruction_mse", "reconstruction_ssim", "content_nats", "motion_nats"),
    *("swap_action", "swap_attributes", "swap_mse"),
    *("drawn_action_before_fit", "drawn_action", "drawn_attributes"),
    *("drawn_content_action", "drawn_content_inception_score"),
    *("window993_mse", "window993_action"),
    "action_from_content",
    *(f"{name}_from_motion" for name in ATTRIBUTES),
    *(f"{name}_chance" for name in ("action", *ATTRIBUTES)),
)
