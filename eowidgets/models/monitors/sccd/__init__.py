"""S-CCD: a state-space model per pixel, updated by a Kalman filter (Ye, Rogan, Zhu and Eastman, 2021)."""
