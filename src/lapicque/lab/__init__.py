"""The laboratory: `answer` computes (request -> reply); the hosts, such as `server`, carry."""
