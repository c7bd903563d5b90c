"""The first minutes on a GPU: is it right, is it fast enough, what would be faster.

Run: ``python -m tests.gpu_first --results DIR``; ``--dry`` tries all of it on a CPU.
README.md says what to carry to a machine without a package registry.
"""
