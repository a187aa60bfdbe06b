{{%AUTOESCAPE context="HTML"}}<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<title>{{PAGE_TITLE}}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noai, noimageai{{#NO_INDEX}}, noindex{{/NO_INDEX}}">
<meta name="tdm-reservation" content="1">
<link rel="icon" href="{{ASSETS}}icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{{ASSETS}}site.css">
<link rel="stylesheet" href="{{ASSETS}}pages.css">
<link rel="stylesheet" href="{{ASSETS}}discussion.css">
<script type="module" src="{{ASSETS}}site.js"></script>
<link rel="modulepreload" href="{{ASSETS}}countdown.js">
<link rel="modulepreload" href="{{ASSETS}}discussion_merge.js">
<link rel="modulepreload" href="{{ASSETS}}live.js">
<link rel="modulepreload" href="{{ASSETS}}local_time.js">
{{#CANONICAL}}<link rel="canonical" href="{{URL}}">
{{/CANONICAL}}
{{#DESCRIPTION}}<meta name="description" content="{{TEXT}}">
{{/DESCRIPTION}}
{{#ALTERNATE}}<link rel="alternate" type="{{TYPE}}" title="{{TITLE}}" href="{{URL}}">
{{/ALTERNATE}}
{{#OPEN_GRAPH}}<meta property="{{PROPERTY}}" content="{{CONTENT}}">
{{/OPEN_GRAPH}}
{{#PREVIEW_CARD}}<meta name="twitter:card" content="{{KIND}}">
{{/PREVIEW_CARD}}
{{#STRUCTURED_DATA}}<script type="application/ld+json">{{JSON:none}}</script>
{{/STRUCTURED_DATA}}
</head>
<body>
<a class="skip" href="#content">{{W_SKIP_TO_CONTENT}}</a>
<header class="site-header">
<div class="site-header-inner">
<a class="site-name" href="/">{{SITE_NAME}}</a>
<nav aria-label="{{W_NAV_LABEL}}">
<ul>
<li><a href="/channels">{{W_NAV_CHANNELS}}</a></li>
<li><a href="/feed">{{W_NAV_FEED}}</a></li>
<li><a href="/search">{{W_NAV_SEARCH}}</a></li>
{{#READER}}<li><a href="/account" title="{{READER_NAME}}">{{W_NAV_ACCOUNT}}</a></li>
{{/READER}}
{{#VISITOR}}<li><a href="/login?return={{RETURN_QUERY:none}}">{{W_LOG_IN}}</a></li>
<li><a class="button button-small" href="/join">{{W_JOIN}}</a></li>
{{/VISITOR}}
</ul>
</nav>
</div>
{{#TRIAL_ENDING}}<p class="trial-ending"><a href="/join?return={{RETURN_QUERY:none}}">{{W_ACCOUNT_TRIAL_UNTIL_SHORT}} <time datetime="{{END_ISO}}" data-local-time>{{END}}</time>. {{W_JOIN}}</a></p>
{{/TRIAL_ENDING}}
</header>
<main id="content" tabindex="-1">
{{>BODY}}
</main>
<footer class="site-footer">
<p>{{W_FOOTER_PROMISE}} <a href="/principles">{{W_FOOTER_PRINCIPLES}}</a></p>
<p><a href="/feed.atom">{{W_FOOTER_FEED}}</a> · <a href="/openapi.json">{{W_FOOTER_API}}</a></p>
</footer>
</body>
</html>
