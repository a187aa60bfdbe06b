{{%AUTOESCAPE context="HTML"}}<header class="list-header">
<h1>{{W_NAV_SEARCH}}</h1>
<form method="get" action="/search" class="search" role="search">
<label for="search-words">{{W_SEARCH_LABEL}}</label>
<div class="search-row"><input id="search-words" name="q" type="search" value="{{QUERY}}" maxlength="200" required{{#BODY_ERROR}} aria-invalid="true"{{/BODY_ERROR}} aria-describedby="{{#BODY_ERROR}}search-error {{/BODY_ERROR}}search-hint">
<button type="submit" class="button">{{W_NAV_SEARCH}}</button></div>
{{#BODY_ERROR}}<p class="field-error" id="search-error" role="alert">{{W_SEARCH_LABEL}}: {{ERROR}}.</p>
{{/BODY_ERROR}}
<p class="quiet" id="search-hint">{{W_SEARCH_HINT}}{{#VISITOR}} {{W_SEARCH_MEMBERS}}{{/VISITOR}}</p>
</form>
</header>
{{#NONE}}<p>{{W_SEARCH_NONE}}</p>
{{/NONE}}
{{#FOUND}}<ol class="posts">
{{#POST}}<li class="post">
<div>
<p class="kicker"><a href="/c/{{CHANNEL_SLUG}}">{{CHANNEL_NAME}}</a>{{#LEVEL}} <span class="level">{{TEXT}}</span>{{/LEVEL}}</p>
<h2><a href="{{PATH}}">{{#TITLE}}{{#MATCH}}<mark>{{TEXT}}</mark>{{/MATCH}}{{#PLAIN}}{{TEXT}}{{/PLAIN}}{{/TITLE}}</a></h2>
<p>{{#WITHIN}}… {{/WITHIN}}{{#EXCERPT}}{{#MATCH}}<mark>{{TEXT}}</mark>{{/MATCH}}{{#PLAIN}}{{TEXT}}{{/PLAIN}}{{/EXCERPT}} …</p>
<p class="quiet">{{W_BY}} <a href="/a/{{AUTHOR_SLUG}}">{{AUTHOR_NAME}}</a> · <time datetime="{{TIME_ISO}}" data-local-time>{{TIME}}</time></p>
</div>
</li>
{{/POST}}
</ol>
{{/FOUND}}
<nav class="pager" aria-label="{{W_PAGES}}">
{{#NEWEST}}<a href="{{URL}}">{{W_LIST_NEWEST}}</a>{{/NEWEST}}
{{#OLDER}}<a rel="next" href="{{URL}}">{{W_LIST_OLDER}}</a>{{/OLDER}}
</nav>
