{{%AUTOESCAPE context="HTML"}}<li class="post{{#WITH_PICTURE}} post-with-picture{{/WITH_PICTURE}}{{#UNREAD}} post-unread{{/UNREAD}}">
<div>
<p class="kicker"><a href="/c/{{CHANNEL_SLUG}}">{{CHANNEL_NAME}}</a>{{#LEVEL}} <span class="level">{{TEXT}}</span>{{/LEVEL}}{{#UNREAD}} <span class="level unread">{{W_UNREAD}}</span>{{/UNREAD}}</p>
<h2><a href="{{PATH}}">{{TITLE}}</a></h2>
<p>{{LEDE}}</p>
<p class="quiet">{{W_BY}} <a href="/a/{{AUTHOR_SLUG}}">{{AUTHOR_NAME}}</a> · <time datetime="{{TIME_ISO}}" data-local-time>{{TIME}}</time></p>
{{#REASON}}<p class="quiet reason">{{TEXT}}</p>
{{/REASON}}
</div>
{{#PICTURE}}<img src="/v1/media/{{MEDIA_ID}}?width=320" alt="" width="320" height="180" loading="lazy">
{{/PICTURE}}
</li>
