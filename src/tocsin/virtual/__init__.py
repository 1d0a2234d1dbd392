"""Virtual patients with known truth inside an assumed world, written as records. Nothing here is clinical evidence."""
