"""Words of the page in English and Chinese, one module a part of the page; nothing else."""
