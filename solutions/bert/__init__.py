"""The reference solution, its checks and everything else only staff may see."""
