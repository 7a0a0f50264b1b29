"""The columns of the operator study's file, in their order."""

from studies.operator_plan import SETTING_COLUMNS

WINDOWS = ((1, 8), (9, 16), (57, 64), (249, 256), (993, 1000))
# A motion is dead in a window if its frames differ by less than this share of what
# the true frames differ by.
DEAD = 0.2
KEY = ("phase", "targets", "operator", "seed", *SETTING_COLUMNS)
COLUMNS = (
    *KEY,
    *("status", "epochs", "steps", "fit_seconds", "seconds", "cpu_seconds", "commit"),
    *("reconstruction_mse", "reconstruction_ssim"),
    *(f"frames16_{m}{s}" for m in ("ssim", "psnr", "mse") for s in ("", "_stddev")),
    "frames16_nonfinite",
    *("swap_action", "swap_attributes", "swap_mse", "swap_nonfinite"),
    *("image_action", "image_attributes", "image_own_action"),
    *("prior_motion_action", "prior_motion_attributes", "prior_sample_action"),
    "generated_nonfinite",
    *(
        f"window{first}_{name}"
        for first, _ in WINDOWS
        for name in ("mse", "action", "speed_ratio", "norm", "nonfinite")
    ),
    *("spectrum_max_real", "motion_dies", "motion_dies_by"),
)
