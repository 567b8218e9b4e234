"""Networks of both stages, their losses, and where they run (torch, OpenVINO); no training loop."""
