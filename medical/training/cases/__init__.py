"""From a user's CTs and reference lesions to cases, checked and split by patient; no training."""
