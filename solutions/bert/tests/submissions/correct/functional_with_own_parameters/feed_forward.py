import torch, torch.nn as nn, torch.nn.functional as F
class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super(PositionWiseFeedForward, self).__init__()
        self.W1 = nn.Parameter(torch.empty(emb_size, intermediate_size)); nn.init.xavier_uniform_(self.W1)
        self.b1 = nn.Parameter(torch.zeros(intermediate_size))
        self.W2 = nn.Parameter(torch.empty(intermediate_size, emb_size)); nn.init.xavier_uniform_(self.W2)
        self.b2 = nn.Parameter(torch.zeros(emb_size))
        self.g = nn.Parameter(torch.ones(emb_size)); self.b = nn.Parameter(torch.zeros(emb_size))
        self.p = dropout; self.eps = layer_norm_eps
    def forward(self, att_out):
        x = torch.addmm(self.b1, att_out.flatten(0, 1), self.W1)
        x = torch.addmm(self.b2, F.gelu(x, approximate="none"), self.W2).view_as(att_out)
        x = att_out + F.dropout(x, p=self.p, training=self.training)
        return F.layer_norm(x, [x.size(-1)], weight=self.g, bias=self.b, eps=self.eps)
