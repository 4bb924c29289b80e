"""How Python and the viewer talk: messages, carriers, requests and hooks. Knows neither AnnData nor traits."""
