{{%AUTOESCAPE context="HTML"}}<article class="article">
<header class="article-header">
<p class="kicker"><a href="/c/{{CHANNEL_SLUG}}">{{CHANNEL_NAME}}</a>{{#LEVEL}} <span class="level">{{TEXT}}</span>{{/LEVEL}}</p>
<h1>{{TITLE}}</h1>
{{#LEDE}}<p class="lede">{{TEXT}}</p>
{{/LEDE}}
<div class="byline">
{{>AVATAR}}
<p>{{W_BY}} <a rel="author" href="/a/{{AUTHOR_SLUG}}">{{AUTHOR_NAME}}</a><br>
<time datetime="{{PUBLISHED_ISO}}" data-local-time>{{PUBLISHED}}</time>
{{#REVISED}}· {{W_UPDATED}} <time datetime="{{TIME_ISO}}" data-local-time>{{TIME}}</time>{{/REVISED}}
<span class="views">· {{VIEWS}}</span></p>
{{#FOLLOW}}{{>BUTTON}}{{/FOLLOW}}
</div>
</header>
{{#METER_LINE}}<p class="meter" role="note">{{TEXT}}</p>
{{/METER_LINE}}
{{#ENDING}}<aside class="banner">
<p>{{#RETURNING}}<strong>{{W_METER_RETURNING}}</strong> {{/RETURNING}}<strong>{{W_METER_ENDING}}</strong></p>
<p class="meter">{{LINE}}</p>
{{>OFFER}}
</aside>
{{/ENDING}}
{{#PICTURE}}<figure class="picture">
<img src="/v1/media/{{MEDIA_ID}}?width=1280" srcset="/v1/media/{{MEDIA_ID}}?width=640 640w, /v1/media/{{MEDIA_ID}}?width=1280 1280w" sizes="(min-width: 60rem) 56rem, 100vw" width="{{WIDTH}}" height="{{HEIGHT}}" alt="{{ALT}}">
<figcaption>{{CAPTION}}{{#CREDIT}} <span class="credit">{{TEXT}}</span>{{/CREDIT}}</figcaption>
</figure>
{{/PICTURE}}
{{#TEXT}}<div class="prose">
{{HTML:none}}
</div>
{{/TEXT}}
{{#WALL}}<div class="prose preview">
{{HTML:none}}
</div>
<div class="wall">
<p class="wall-heading">{{HEADING}}</p>
{{#ADVICE}}<p>{{TEXT}}</p>
{{/ADVICE}}
{{>OFFER}}
</div>
{{/WALL}}
<footer class="article-footer">
{{#TOPICS}}<nav aria-label="{{W_TOPICS}}"><ul class="topics">
{{#TOPIC}}<li><a rel="tag" href="/t/{{SLUG}}">{{NAME}}</a></li>
{{/TOPIC}}
</ul></nav>
{{/TOPICS}}
{{#AUTHOR_CARD}}<aside class="card" aria-labelledby="author-card">
<h2 id="author-card"><a href="/a/{{AUTHOR_SLUG}}?level=premium">{{HEADING}}</a></h2>
<ul class="plain-list">
{{#POST}}<li><a href="/c/{{CHANNEL_SLUG}}/{{SLUG}}">{{TITLE}}</a></li>
{{/POST}}
</ul>
</aside>
{{/AUTHOR_CARD}}
</footer>
</article>
{{>DISCUSSION}}
