"""Which numbers stand side by side on the leaderboard, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

HEADS = {
    "action": "action",
    "body": "body (skin)",
    "topwear": "topwear (shirt)",
    "bottomwear": "bottomwear (pants)",
    "hair": "hair",
}
ATTRIBUTES = [head for head in HEADS if head != "action"]
WINDOWS = ("1_8", "9_16", "57_64", "249_256", "993_1000", "minus_7_0")
SCORES = {
    "action_accuracy": "action",
    "entropy_conditional": "H(y\\|x)",
    "entropy_marginal": "H(y)",
    "inception_score": "IS",
}


@dataclass(frozen=True)
class Table:
    """One table of a dataset.

    Attributes:
        title, note: what is measured and how to read it.
        columns: metric -> heading.
        judged: whether a judge decided; its second opinion and its accuracies on real
            and on still clips are then shown beside.
    """

    title: str
    note: str
    columns: dict[str, str]
    judged: bool = False


def _accuracies(prefix: str, heads=tuple(HEADS)) -> dict[str, str]:
    return {f"{prefix}_{head}_accuracy": HEADS[head] for head in heads}


def _windows(metric: str) -> dict[str, str]:
    return {
        f"rollout_{window}_{metric}": window.replace("minus_", "-").replace("_", " to ")
        for window in WINDOWS
    }


RECONSTRUCTION = Table(
    "Reconstruction, and 16 frames from one",
    "State inferred at the first frame. Then HALO's table 1: content and state from "
    "the first frame alone, rolled out to twice the clip's length. Frames in [0, 1].",
    {
        "reconstruction_mse": "MSE",
        "reconstruction_psnr": "PSNR",
        "reconstruction_ssim": "SSIM",
        "generation_16_mse": "16 frames: MSE",
        "generation_16_psnr": "PSNR",
        "generation_16_ssim": "SSIM",
    },
)
LEAKAGE = "leakage_{}_from_{}{}"

SPRITES = (
    RECONSTRUCTION,
    Table(
        "Long rollouts: error",
        "MSE of frames from the last observed one on, against the clip as a loop; "
        "frames are counted from 1, negative ones lie before the clip.",
        _windows("mse"),
    ),
    Table(
        "Long rollouts: the worst frame",
        "MSE of the frame, of all of a window's and of all actions, where it is "
        "largest: a frame that is always wrong does not show in a mean over frames.",
        _windows("worst_frame_mse"),
    ),
    Table(
        "Long rollouts: SSIM",
        "Structural similarity of the same frames.",
        _windows("ssim"),
    ),
    Table(
        "Long rollouts: action",
        "Whether the judge still sees the action in those frames.",
        _windows("action_accuracy"),
        judged=True,
    ),
    Table(
        "Swap",
        "Content of one clip, motion of a clip of another character and action. The "
        "result must show the attributes of the one and do what the other does. MSE to "
        "the true clip; `worst frame`: of the frame and action where it is largest; "
        "`phase`: walks that begin at any of their frames; `inferred`: "
        "the model is not told the motion clip's action.",
        {
            **_accuracies("swap"),
            "swap_mse": "MSE",
            "swap_worst_frame_mse": "worst frame: MSE",
            "swap_phase_mse": "phase: MSE",
            "swap_inferred_action_accuracy": "inferred: action",
        },
        judged=True,
    ),
    Table(
        "Drawn motion of a given action",
        "HALO's own table: motion from the prior of an action, content of a real clip, "
        "here of another action. Conditioned on labels by its nature. The ceilings are "
        "H(y) = ln 9 = 2.1972 and IS = 9.",
        {
            **{f"prior_motion_{key}": text for key, text in SCORES.items()},
            **_accuracies("prior_motion", ATTRIBUTES),
        },
        judged=True,
    ),
    Table(
        "Drawn content, motion of a real clip",
        "The field's main pass. Others score 2,560 or 2,600 of the 2,664 clips, with "
        "judges of their own; here it is all of them. Sprites is saturated: this is a "
        "gate, not a ranking.",
        {
            **{f"prior_content_{key}": text for key, text in SCORES.items()},
            "prior_content_action_kl": "KL to the original's",
        },
        judged=True,
    ),
    Table(
        "Drawn motion, content of a real clip",
        "The field's second pass: nothing is told to the model, the attributes must be "
        "those of the real clip, and all actions must appear.",
        {
            **_accuracies("sampled_motion", ATTRIBUTES),
            **{
                f"sampled_motion_{key}": text
                for key, text in SCORES.items()
                if key != "action_accuracy"
            },
        },
        judged=True,
    ),
    Table(
        "One picture to a sequence",
        "Content from a single frame, the prior's mean motion of an action that the "
        "picture was not taken from.",
        _accuracies("image_to_sequence"),
        judged=True,
    ),
    Table(
        "DSVAE's disagreement",
        "Share of frames on which a judge of frames names another class than on the "
        "real frame: attributes with drawn motion, the action with drawn content.",
        {f"disagreement_{head}_rate": HEADS[head] for head in (*ATTRIBUTES, "action")},
    ),
    Table(
        "Turning",
        "Share of clips drawn from the prior whose direction changes, by the judge of "
        "frames, and of those that hold two directions for two frames each; on real "
        "clips, none of which turns, the judge errs as often as `real`.",
        {
            "turning_rate": "turn",
            "turning_real_rate": "real: turn",
            "turning_held_rate": "turn and hold",
            "turning_real_held_rate": "real: turn and hold",
        },
    ),
    Table(
        "Leakage",
        "Accuracy of small networks trained on posterior samples: what a latent tells "
        "that it should not know. In brackets: always naming the commonest class.",
        {
            LEAKAGE.format("action", "content", ""): "action from content",
            **{
                LEAKAGE.format(head, "motion", ""): f"{head} from motion"
                for head in ATTRIBUTES
            },
        },
    ),
    Table(
        "Rate and distortion",
        "KL of the posterior at the first frame from the training's prior, in bits a "
        "clip: what sending the latents takes, given the model (and its action, which "
        "is not counted); and the MSE of a clip decoded from a draw of it.",
        {
            "rate_content_bits": "content",
            "rate_motion_bits": "motion",
            "rate_bits": "both",
            "rate_distortion_mse": "MSE",
        },
    ),
)

BALLS = (
    Table(
        "Against the exact frames",
        "MSE of reconstructions, of forecasts up to so many clip lengths forward and "
        "backward, and of swaps; distance of the ball's centre from the exact one half "
        "way between frames, in pixels.",
        {
            "reconstruction_mse": "reconstruction",
            "forward_2x_mse": "2 x forward",
            "forward_8x_mse": "8 x forward",
            "backward_8x_mse": "8 x backward",
            "swap_mse": "swap",
            "half_frame_centre_error": "centre (px)",
            "infer_action_accuracy": "inferred action",
        },
    ),
    Table(
        "Leakage",
        "See Sprites.",
        {
            LEAKAGE.format("action", "content", ""): "action from content",
            LEAKAGE.format("colour", "motion", ""): "colour from motion",
            LEAKAGE.format("radius", "motion", ""): "radius from motion",
        },
    ),
)

FACES = (
    Table(
        "New people, new clips",
        "Of people in no training clip: all frames given, and the first alone; and "
        "sharpness, in that of real clips.",
        {
            "reconstruction_mse": "MSE",
            "reconstruction_psnr": "PSNR",
            "reconstruction_ssim": "SSIM",
            "generation_16_mse": "from one frame: MSE",
            "generation_16_ssim": "SSIM ",
            "sharpness_ratio": "sharpness",
        },
    ),
    Table(
        "Another's expression, and drawn ones",
        "By the judge, which knows people by the nearest embedding; and swaps against "
        "the exact frames, beside what leaving the clip as it is would score.",
        {
            "swap_action_accuracy": "swap: expression",
            "swap_subject_accuracy": "person",
            "prior_motion_action_accuracy": "drawn: expression",
            "prior_motion_subject_accuracy": "person ",
            "exact_swap_mse": "exact swap: MSE",
            "exact_swap_unchanged_mse": "unchanged: MSE",
        },
        judged=True,
    ),
    Table(
        "Other speeds",
        "SSIM of clips at half and double speed and backward: the frames given at "
        "their times, and shown from the clip as it is.",
        {
            "tempo_single_ssim": "single",
            **{
                f"tempo_{speed}_{way}_ssim": f"{speed}, {way}"
                for speed in ("half", "double", "reversed")
                for way in ("given", "shown")
            },
        },
    ),
)

BOUNCING = (
    Table(
        "Frames ahead",
        "Share of wrong pixels, of clips of which the first 10 frames are given: the "
        "next 10, and the 10 after them; mean over 20 draws where the model draws. "
        "Whoever shows nothing scores `blank`. Area: drawn pixels in true ones. "
        "Overlap: common pixels in all.",
        {
            f"horizon_{window}_{key}": f"{window.replace('_', ' to ')}: {text}"
            for window in ("1_10", "11_20")
            for key, text in (
                ("error", "wrong"),
                ("blank_error", "blank"),
                ("area_ratio", "area"),
                ("overlap", "overlap"),
            )
        },
    ),
    Table(
        "Missing frames",
        "Share of wrong pixels of the last so many frames, the ones before them given "
        "(Li & Mandt 2018, figure 8, which prints no numbers); 0: all are given.",
        {f"missing_{k}_error": str(k) for k in (0, 1, 2, 5, 10, 15, 20, 25)},
    ),
)

SPEECH = (
    Table(
        "Speaker verification",
        "Equal error rate by cosine over all pairs of utterances: of the content it "
        "should be low, of the motion high (.5 at most), which counts only if the "
        "motion tells what is said: what a small network reads from it, in what the "
        "judge hears. MFCC: mean cepstra, without any model. Published numbers are "
        "of TIMIT.",
        {
            "eer_static": "content",
            "eer_dynamic": "motion",
            "eer_gap": "gap",
            "content_ratio": "said, of the judge's",
            "eer_mfcc": "MFCC",
        },
    ),
    Table(
        "Voice conversion",
        "Utterances in another speaker's voice: named as that speaker, or still as the "
        "one who spoke; what is said as in the original, by the judge; median pitch "
        "within a tenth of the voice's, of higher and of lower voices.",
        {
            "conversion_speaker_accuracy": "speaker",
            "conversion_source_rate": "still the source",
            "conversion_content_kept": "said",
            "conversion_up_f0_near": "pitch up",
            "conversion_down_f0_near": "pitch down",
            "conversion_real_speaker_accuracy": "real: speaker",
            "reconstruction_decibels": "reconstruction (dB)",
        },
    ),
)

_AHEAD = ("forward", "backward")
PHYSICS = (
    Table(
        "Pixels, noise and the mean image",
        "MSE of 30 frames: predicted from the first 5, and reconstructed when all are "
        "shown. Floor: what the noise alone costs (0 without noise); mean image: in "
        "every frame. Excess: (MSE - floor) / (mean image - floor).",
        {
            "five_frame_mse": "5 frames: MSE",
            "five_frame_excess": "excess",
            "autoencode_mse": "all shown: MSE",
            "autoencode_excess": "excess",
            "floor_mse": "floor",
            "mean_image_mse": "mean image",
            "still_mse": "still",
        },
    ),
    Table(
        "The report's pictures",
        "The same on the re-evaluation report's renderer, with its noise. The columns "
        "of the original paper are of another renderer. Least: no guess that knows the "
        "state can be better.",
        {
            "report_five_frame_mse": "5 frames: MSE",
            "report_five_frame_excess": "excess",
            "report_autoencode_mse": "all shown: MSE",
            "report_autoencode_excess": "excess",
            "floor_mse": "floor",
            "floor_variance": "least",
            "mean_image_mse": "mean image",
        },
    ),
    Table(
        "Valid prediction time",
        "Frames beyond those of training, of 192, until the error passes .025 of the "
        "frame's power: median, and the share of trajectories that are valid to the "
        "end; `still`: the last shown frame, held.",
        {
            **{
                f"vpt_{way}_{key}": f"{way}{text}"
                for way in _AHEAD
                for key, text in (("median", ""), ("full_rate", ": to the end"))
            },
            "vpt_forward_still_median": "still",
            "forward_beyond_mse": "forward: MSE",
            "backward_beyond_mse": "backward: MSE",
        },
    ),
    Table(
        "Pendulums that swing and pendulums that turn over",
        "Valid prediction times and energies told apart.",
        {
            f"vpt_{way}_{motion}_{key}": f"{motion}, {way}{text}"
            for motion in ("librating", "rotating")
            for way in _AHEAD
            for key, text in (("median", ""), ("full_rate", ": to the end"))
        },
    ),
    Table(
        "Energy, reversal and speed",
        "Rank correlation of the learned with the true energy; largest relative change "
        "of the learned energy over 1,000 frames; states after 60 frames there and "
        "back; median error of the main frequency; MSE at half and at double speed.",
        {
            "energy_spearman": "energy: correlation",
            "energy_drift_192": "drift, 192 frames",
            "energy_change_1000": "change, 1,000 frames",
            "reversal_state_error": "there and back",
            "frequency_error": "frequency",
            "slow_mse": "slow: MSE",
            "fast_mse": "fast: MSE",
        },
    ),
    Table(
        "Drawn from the prior",
        "MSE of drawn frames to the nearest of 4,000 real ones, at the first, 30th and "
        "60th frame of a roll-out; `real`: of test frames. Speed: of drawn clips in "
        "that of real ones.",
        {
            **{f"prior_nearest_mse_frame_{k}": f"frame {k}" for k in (1, 30, 60)},
            "prior_real_nearest_mse": "real",
            "prior_speed_ratio": "speed",
        },
    ),
)

ROTATING = (
    Table(
        "A turn in 16 frames",
        "MSE of the given turn, of the tenth after it and of the tenth before it, of "
        "times between the frames, and of another digit in the same turn. On the "
        "non-uniform task, of the angle that no training clip shows.",
        {
            "turn_1_mse": "turn 1",
            "turn_10_mse": "turn 10",
            "turn_minus_10_mse": "turn -10",
            "quarter_frame_mse": "quarter frames",
            "swap_mse": "swap",
            "held_out_mse": "held-out angle",
            "irregular_missing_mse": "irregular: missing frames",
        },
    ),
    Table(
        "The learned spectrum",
        "Planes with at least a twentieth of the positions' variance: their number, "
        "the largest distance of a speed from a multiple of 2 pi / 16 (radians a "
        "frame), and the share of those at the first multiple.",
        {
            "spectrum_used_modes": "planes",
            "spectrum_worst_error": "worst error",
            "spectrum_fundamental_share": "at the fundamental",
        },
    ),
)

MOVING = (
    Table(
        "Where and what",
        "R^2 of the digits' positions from the motion latent of the same frame, by "
        "nearest neighbours and by a linear map, and by latents of other clips; the "
        "digit from content and from motion by small networks, and by the judge. Test "
        "digits are in no training clip.",
        {
            "position_r2": "position",
            "position_linear_r2": "linear",
            "position_chance_r2": "chance",
            "digit_from_content": "digit from content",
            "digit_from_motion": "digit from motion",
            "digit_chance": "chance",
            "judge_digit": "judge",
            "swap_mse": "swap: MSE",
            "prediction_mse": "prediction: MSE",
        },
    ),
)

POSES = (
    Table(
        "A character in another's poses",
        "By a judge of single frames: the attributes must stay, row and cell of the "
        "sheet must be the other's.",
        {
            **{f"swap_{head}_accuracy": HEADS[head] for head in ATTRIBUTES},
            "swap_row_accuracy": "row",
            "swap_cell_accuracy": "cell",
            "swap_mse": "MSE",
        },
    ),
    Table(
        "One motion, many characters",
        "How often two characters with the same z are judged to be in the same row, "
        "and cell, of the sheet; z taken over directly, or standardised by p(z | f).",
        {
            f"shared_{way}_{place}_agreement": f"{way}: {place}"
            for way in ("direct", "standardised")
            for place in ("row", "cell")
        },
    ),
)

TABLES = {
    "rotating_mnist": ROTATING,
    "moving_mnist": MOVING,
    "sprite_poses": POSES,
    "sprites": SPRITES,
    **dict.fromkeys(("toon_faces", "mug"), FACES),
    "balls": BALLS,
    "balls_speed": BALLS,
    "bouncing_balls": BOUNCING,
    **dict.fromkeys(("formant_voices", "spoken_digits", "timit"), SPEECH),
    **dict.fromkeys(
        ("mass_spring", "pendulum", "double_pendulum", "two_body", "three_body"),
        PHYSICS,
    ),
}
