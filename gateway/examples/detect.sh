#!/bin/sh
# Sends an image to Tradewind and prints what is in it, a line each: name, score, x1, y1, x2, y2.
# TRADEWIND_URL=http://127.0.0.1:8080 TRADEWIND_KEY=tw_... sh detect.sh IMAGE [MODEL]
set -eu

answer=$(curl --silent --show-error --fail-with-body --data-binary "@$1" \
  --header 'content-type: application/octet-stream' \
  --header "authorization: Bearer $TRADEWIND_KEY" \
  "$TRADEWIND_URL/v1/models/${2:-digits-s}/detect") || { printf '%s\n' "$answer" >&2; exit 1; }

found='"name":"([^"]*)","class":[0-9]+,"score":([^,]+),"box":\{"x1":([^,]+),"y1":([^,]+),"x2":([^,]+),"y2":([^}]+)\}'
printf '%s\n' "$answer" | grep -Eo "$found" | sed -E "s/$found/\1 \2 \3 \4 \5 \6/"
