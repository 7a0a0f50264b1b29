"""Measured claims: metrics of arrays, judges of clips, protocols for models."""

from halo_keras.evaluation.frame_judge import FrameJudge
from halo_keras.evaluation.judge_training import JudgeClips, JudgeFrames, compile_judge
from halo_keras.evaluation.judges import ClipJudge
from halo_keras.evaluation.metrics import entropies, kl_divergence, mse, psnr, ssim
from halo_keras.evaluation.recurrent_judge import RecurrentJudge
from halo_keras.evaluation.speech_judge_training import JudgeSegments
from halo_keras.evaluation.speech_judges import SpeechJudge

__all__ = [
    "ClipJudge",
    "FrameJudge",
    "JudgeClips",
    "JudgeFrames",
    "JudgeSegments",
    "RecurrentJudge",
    "SpeechJudge",
    "compile_judge",
    "entropies",
    "kl_divergence",
    "mse",
    "psnr",
    "ssim",
]
