"""What the dashboards show, in Python; `python -m deploy.grafana.boards` writes the JSON that Grafana reads."""
