from torch import nn
from transformer_block import TransformerBlock
class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, *args, **kwargs):
        super().__init__()
        self.transformer_layers = nn.ModuleList([TransformerBlock(emb_size, *args, **kwargs) for _ in range(n_layers)])
    def forward(self, emb, att_mask=None):
        x = emb
        for l in self.transformer_layers: x = l(x, att_mask)
        return x
