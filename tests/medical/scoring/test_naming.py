"""A result belongs to the files that it was made from, under whatever name others come."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from medical.scoring.naming import read_result
from medical.scoring.score import ScoreResult, score_paths
from tests.medical.dicom.make import ROOT, series, take
from tests.medical.scoring.small_chest import write_small_chest
from medical.scoring.naming import ResultNames, write_files
from tests.app.web.made_results import made_findings
