"""What the leakage study compares, and the columns of its file."""

# Setting -> change of the preset's `model` numbers, or of its `content_partners`.
DEAR_MOTION = {"motion_kl_weight": 40.0, "motion_kl_ramp_steps": 1500}
SETTINGS = {
    "preset": {},
    "bound": {"content_kl_weight": 1.0, "motion_kl_weight": 1.0},
    "motion-kl-20": {"motion_kl_weight": 20.0, "motion_kl_start": 20.0},
    "motion-kl-ramp": DEAR_MOTION,
    "learned-prior": {"prior_kind": "learned"},
    "small-state": {"position_dim": 4},
    "unlabelled": {},
    "unlabelled-framewise": {"framewise_ramp_steps": 1000, **DEAR_MOTION},
    "unlabelled-partners": {
        "content_partners": 8,
        "framewise_ramp_steps": 1000,
        **DEAR_MOTION,
    },
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
