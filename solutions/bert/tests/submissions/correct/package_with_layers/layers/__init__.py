from .masking import hide_padding
from .norm import AddNorm
