from torch import nn

from .transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(
        self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12
    ):
        super().__init__()
        sizes = (emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
        self.transformer_layers = nn.ModuleList(TransformerBlock(*sizes) for _ in range(n_layers))
        # As in GPT-2: the deeper the stack, the smaller what each block adds at first.
        for block in self.transformer_layers:
            nn.init.normal_(block.ff.fc2.weight, std=0.02 / (2 * n_layers) ** 0.5)
            block.attn.final_linear.bias.data.zero_()

    def forward(self, emb, att_mask=None):
        for block in self.transformer_layers:
            emb = block(emb, att_mask)
        return emb
