"""Measured claims: metrics of arrays, judges of clips, protocols for models."""

from halo_keras.evaluation.judge_training import JudgeClips, compile_judge
from halo_keras.evaluation.judges import ClipJudge
from halo_keras.evaluation.metrics import entropies, kl_divergence, mse, psnr, ssim

__all__ = [
    "ClipJudge",
    "JudgeClips",
    "compile_judge",
    "entropies",
    "kl_divergence",
    "mse",
    "psnr",
    "ssim",
]
