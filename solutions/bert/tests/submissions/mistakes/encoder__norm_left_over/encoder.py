from torch import Tensor, nn
from .transformer_block import TransformerBlock

class EncoderBlock(nn.Module):

    def __init__(self, emb_size: int, n_layers: int, n_heads: int, intermediate_size: int, dropout: float=0.1, layer_norm_eps: float=1e-12) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(emb_size)
        self.transformer_layers = nn.ModuleList((TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps) for _ in range(n_layers)))

    def forward(self, emb: Tensor, att_mask: Tensor | None=None) -> Tensor:
        for block in self.transformer_layers:
            emb = block(emb, att_mask)
        return emb
