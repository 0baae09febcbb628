"""A program that never says that it has started."""

import time

if __name__ == "__main__":
    time.sleep(60)
