# Tête d'attention : on n'oublie pas le masque !
import math

import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
	"""Attention à plusieurs têtes (« self-attention »)."""

	def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
		super().__init__()
		self.nb_tetes = n_heads
		self.taille_tete = emb_size // n_heads
		self.requete = nn.Linear(emb_size, emb_size)
		self.cle = nn.Linear(emb_size, emb_size)
		self.valeur = nn.Linear(emb_size, emb_size)
		self.dropout = nn.Dropout(dropout)
		self.sortie = nn.Linear(emb_size, emb_size)
		self.norme = nn.LayerNorm(emb_size, eps=layer_norm_eps)

	def découper(self, x):
		b, t, _ = x.shape
		return x.view(b, t, self.nb_tetes, self.taille_tete).transpose(1, 2)

	def forward(self, emb, att_mask=None):
		q = self.découper(self.requete(emb))
		k = self.découper(self.cle(emb))
		v = self.découper(self.valeur(emb))
		# produit scalaire, mis à l'échelle
		scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.taille_tete)
		if att_mask is not None:
			# 0 = remplissage, la clé est cachée
			scores = scores.masked_fill(att_mask[:, None, None, :] == 0, -1e4)
		poids = self.dropout(torch.softmax(scores, dim=-1))
		résultat = torch.matmul(poids, v).transpose(1, 2).flatten(2)
		return self.norme(emb + self.dropout(self.sortie(résultat)))
