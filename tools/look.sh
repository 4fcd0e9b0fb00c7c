#!/bin/sh
# Build public_site/static/site.css from the Sass in public_site/look (needs Node and, once, the network).
# The stylesheet is kept in the repository with a digest of its sources, so that running and testing need no Node.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../public_site/look"
[ -d node_modules ] || npm ci --no-audit --no-fund --silent
digest=$(cat *.scss package-lock.json | sha256sum | cut -c1-16)
{
    printf '/*! covid-ledger %s; built on GOV.UK Frontend, MIT, see look/LICENCE.txt */\n' "$digest"
    npx sass --no-source-map --style=compressed --no-charset --load-path=node_modules site.scss
} > ../static/site.css.new
mv ../static/site.css.new ../static/site.css
echo "site.css: $(wc -c < ../static/site.css) bytes, $(gzip -9c ../static/site.css | wc -c) gzipped"
