"""The domain and its simulation: scenario, citizens, offices, centre, measures. Imports nothing of ours."""
